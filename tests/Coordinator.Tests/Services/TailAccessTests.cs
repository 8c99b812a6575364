using Coordinator.Credentials;
using Coordinator.Tests.Services.Harness;
using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Tests.Services;

/// <summary>Who may start, list, delete and read tails.</summary>
public sealed class TailAccessTests : TailsWorld
{
    private const string Script = "a/b c%";

    [Fact]
    public async Task Start_OfAScriptThatNobodyNamed_IsNotFound()
    {
        Assert.Equal("SCRIPT_NOT_FOUND", await ReasonAsync(Client.StartAsync(StartOf(Script), RunningHost.Headers)));
        using var worker = await ConnectAsync(Script);
        Assert.Equal("SCRIPT_NOT_FOUND", await ReasonAsync(Client.StartAsync(StartOf("a"), RunningHost.Headers)));
        await Client.StartAsync(StartOf(Script), RunningHost.Headers);
    }

    [Fact]
    public async Task Start_ListAndDelete()
    {
        using var worker = await ConnectAsync("s");
        var first = await Client.StartAsync(StartOf("s"), RunningHost.Headers);
        var second = await Client.StartAsync(StartOf("s"), RunningHost.Headers);
        Assert.Matches("^[0-9a-f]{32}$", first.Id);
        Assert.StartsWith("ws://here/tails/", first.Url, StringComparison.Ordinal);
        Assert.InRange(DateTimeOffset.FromUnixTimeMilliseconds(first.ExpiresAt) - TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(5.9), TimeSpan.FromHours(6));
        Assert.Equal("TOO_MANY_TAILS", await ReasonAsync(Client.StartAsync(StartOf("s"), RunningHost.Headers)));
        var list = await Client.ListAsync(new() { AccountId = RunningHost.Tenant, ScriptName = "s" }, RunningHost.Headers);
        Assert.Equal([second.Id, first.Id], list.Tails.Select(tail => tail.Id));
        Assert.Equal(second.Id, list.Id);
        await Client.DeleteAsync(new() { AccountId = RunningHost.Tenant, ScriptName = "s", Id = first.Id }, RunningHost.Headers);
        Assert.Equal("TAIL_NOT_FOUND", await ReasonAsync(Client.DeleteAsync(new() { AccountId = RunningHost.Tenant, ScriptName = "s", Id = first.Id }, RunningHost.Headers)));
        Assert.Equal("TAIL_NOT_FOUND", (await Statuses.RefusedAsync(Attach(first.Url).ResponseStream)).Reason());
    }

    [Theory]
    [InlineData("""[{"sampling_rate":2}]""", "/filters/0/sampling_rate")]
    [InlineData("""{}""", "/filters")]
    public async Task Start_WithABadFilter_NamesItsPlace(string filters, string place)
    {
        using var worker = await ConnectAsync("s");
        var refused = await Statuses.RefusedAsync(Client.StartAsync(StartOf("s", filters), RunningHost.Headers));
        Assert.Equal(place, Assert.Single(refused.Rich().Find<Google.Rpc.BadRequest>()!.FieldViolations).Field);
    }

    [Fact] // S2
    public async Task AnotherAccount_IsForbiddenWhetherThereIsOneOrNot()
    {
        using var worker = await ConnectAsync("s");
        var stranger = Host.Credentials.Add("stranger", tenant: new('f', 32));
        foreach (var account in new[] { RunningHost.Tenant, new('e', 32), "" })
        {
            var start = StartOf("s");
            start.AccountId = account;
            Assert.Equal("ACCOUNT_NOT_OWN", await ReasonAsync(Client.StartAsync(start, stranger)));
            Assert.Equal("ACCOUNT_NOT_OWN", await ReasonAsync(Client.LiveHeartbeatAsync(new() { AccountId = account }, stranger)));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("0123456789abcdef0123456789abcdef--0123456789abcdef0123456789abcdef-0123456789abcdef0123456789abcdef")]
    public async Task Attach_WithACapabilityOfNobody_IsNotFound(string capability) =>
        Assert.Equal("TAIL_NOT_FOUND", (await Statuses.RefusedAsync(Attach(capability).ResponseStream)).Reason());

    [Fact]
    public async Task Attach_WithAnotherSecret_IsNotFound()
    {
        using var worker = await ConnectAsync("s");
        var tail = await Client.StartAsync(StartOf("s"), RunningHost.Headers);
        Assert.Equal("TAIL_NOT_FOUND", (await Statuses.RefusedAsync(Attach($"{tail.Url[..^1]}{(tail.Url[^1] == '0' ? '1' : '0')}").ResponseStream)).Reason());
    }

    [Fact]
    public async Task Email_MustBeThatOfTheKey()
    {
        Host.Credentials.Add(new(Tokens.Sha256("key"), CredentialKind.User, RunningHost.Tenant, "u", "user@example.com", new HashSet<string> { "*" }, null));
        var headers = RunningHost.Bearer("key");
        headers.Add("x-auth-email", "User@example.com");
        Assert.Equal(RunningHost.Tenant, Assert.Single((await Client.ListAccountsAsync(new(), headers)).Accounts).Id);
        var wrong = RunningHost.Bearer("key");
        wrong.Add("x-auth-email", "other@example.com");
        Assert.Equal(StatusCode.Unauthenticated, (await Statuses.RefusedAsync(Client.ListAccountsAsync(new(), wrong))).StatusCode);
    }
}
