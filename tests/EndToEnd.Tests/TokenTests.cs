using Coordinator.Testing;
using Coordinator.V1;
using EndToEnd.Tests.Harness;
using Grpc.Core;
using System.Diagnostics;

namespace EndToEnd.Tests;

/// <summary>The operator's commands, against coordinators as their own processes.</summary>
public sealed class TokenTests
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Within5Seconds = TimeSpan.FromSeconds(5);
    private static readonly string Program = Repository.Program("src/Coordinator", "Coordinator");

    [Fact] // S4: on every coordinator, open streams included
    public async Task Tokens_RevokedAtOneCoordinator_StopAtTheOtherWithin5Seconds()
    {
        await using var store = await TestStore.StartAsync("redis");
        await using var one = await store.CoordinatorAsync();
        await using var other = await store.CoordinatorAsync();
        var (code, created) = await TokensAsync(one, "create", "--kind", "user", "--subject", "alice", "--scope", "leases:read", "--scope", "events:read");
        Assert.Equal(0, code);
        Assert.Matches("^id=[0-9a-f]{16} kind=user subject=alice scopes=events:read,leases:read created=[0-9TZ:-]+ token=lck_user_[0-9a-f]+_[0-9a-f]{6}$", created);
        var headers = new Metadata { { "authorization", $"Bearer {WorkerProcess.Value(created, "token")}" } };
        var id = WorkerProcess.Value(created, "id");
        Assert.Contains($"id={id} kind=user subject=alice", (await TokensAsync(other, "list")).Output, StringComparison.Ordinal);

        var leases = new Leases.LeasesClient(other.Channel);
        using var watch = leases.Watch(new(), headers);
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None).WaitAsync(Bound));
        var ends = EndAsync(watch.ResponseStream);
        Assert.Equal((0, $"revoked id={id}"), await TokensAsync(one, "revoke", id));
        var clock = Stopwatch.StartNew();
        Assert.Equal(StatusCode.Unauthenticated, (await ends.WaitAsync(Within5Seconds)).StatusCode);
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await leases.ListAsync(new(), headers));
        Assert.Equal(StatusCode.Unauthenticated, refused.StatusCode);
        Assert.True(clock.Elapsed < Within5Seconds, $"New calls were refused after {clock.Elapsed}.");
        Assert.DoesNotContain(id, (await TokensAsync(other, "list")).Output, StringComparison.Ordinal);
        var (again, said) = await TokensAsync(other, "revoke", id);
        Assert.Equal((1, $"coordinator: The account has no token {id}."), (again, said));
    }

    [Fact]
    public async Task Tokens_OfTheStart_CannotBeRevoked()
    {
        await using var coordinator = await CoordinatorProcess.StartAsync();
        var line = (await TokensAsync(coordinator, "list")).Output;
        Assert.Contains("kind=admin subject=admin scopes=* ", line, StringComparison.Ordinal);
        var (code, said) = await TokensAsync(coordinator, "revoke", WorkerProcess.Value(line, "id"));
        Assert.Equal((1, "coordinator: The coordinator was started with this token: start it with another one."), (code, said));
    }

    [Theory]
    [InlineData("--token was not given", "a token is needed", "tokens", "list")]
    [InlineData("nobody listens", "no coordinator can be reached at http://127.0.0.1:1/.", "tokens", "list", "--token", "t", "--address", "http://127.0.0.1:1")]
    [InlineData("no address", "--address must be such as", "tokens", "list", "--token", "t", "--address", "nowhere")]
    [InlineData("nothing required", "--kind", "tokens", "create", "--token", "t")]
    [InlineData("no id", "See --help.", "tokens", "revoke", "--token", "t")]
    [InlineData("no command", "See --help.", "tokens")]
    public async Task Tokens_Misused_SayWhyInOneLineAndExit1(string what, string says, params string[] arguments)
    {
        await using var program = ProgramProcess.Dotnet(Program, arguments);
        Assert.Equal((what, 1), (what, await program.ExitAsync(Bound)));
        var line = Assert.Single(program.Lines);
        Assert.StartsWith("coordinator: ", line, StringComparison.Ordinal);
        Assert.Contains(says, line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_OfEveryCommand_NamesItsOptions()
    {
        await using var program = ProgramProcess.Dotnet(Program, "tokens", "create", "--help");
        Assert.Equal(0, await program.ExitAsync(Bound));
        foreach (var option in new[] { "--kind", "--subject", "--scope", "--bound-to", "--email", "--address", "--token" })
        {
            Assert.Contains(program.Lines, line => line.Contains(option, StringComparison.Ordinal));
        }
    }

    private static async Task<(int Code, string Output)> TokensAsync(CoordinatorProcess coordinator, params string[] arguments)
    {
        await using var program = ProgramProcess.Dotnet(
            Program, ["tokens", .. arguments, "--address", coordinator.Address.ToString(), "--token", CoordinatorProcess.Token]);
        return (await program.ExitAsync(Bound), string.Join('\n', program.Lines));
    }

    private static async Task<RpcException> EndAsync<T>(IAsyncStreamReader<T> stream) => await Assert.ThrowsAsync<RpcException>(async () =>
    {
        while (await stream.MoveNext(CancellationToken.None))
        {
        }
    });
}
