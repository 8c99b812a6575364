using Coordinator.Credentials;
using Coordinator.Testing;
using Coordinator.Tests.Services.Harness;
using Coordinator.V1;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using System.Text;

namespace Coordinator.Tests.Services;

/// <summary>Who is let in, as whom, and for how long.</summary>
public sealed class CredentialTests
{
    [Theory]
    [InlineData("Bearer")]
    [InlineData("bearer")]
    [InlineData("BEARER")]
    public async Task Scheme_InAnyCase_IsAdmitted(string scheme)
    {
        await using var host = await RunningHost.StartAsync();
        await host.Leases.ListAsync(new(), new Metadata { { "authorization", $"{scheme} {RunningHost.Token}" } });
    }

    [Theory]
    [InlineData("", "CREDENTIAL_MISSING")]
    [InlineData("Bearer", "CREDENTIAL_MISSING")]
    [InlineData("Bearer ", "CREDENTIAL_MISSING")]
    [InlineData("Basic YTpi", "CREDENTIAL_MISSING")]
    [InlineData(RunningHost.Token, "CREDENTIAL_MISSING")]
    [InlineData("Bearer unknown", "CREDENTIAL_UNKNOWN")]
    [InlineData("Bearer " + RunningHost.Token + "x", "CREDENTIAL_UNKNOWN")]
    [InlineData("Bearer A TOKEN WITH SPACES, AS ANY STRING MAY BE", "CREDENTIAL_UNKNOWN")]
    public async Task Credential_MissingOrUnknown_IsUnauthenticated(string header, string reason)
    {
        await using var host = await RunningHost.StartAsync();
        var refused = await Statuses.RefusedAsync(host.Leases.ListAsync(new(), new Metadata { { "authorization", header } }));
        Assert.Equal((StatusCode.Unauthenticated, reason), (refused.StatusCode, refused.Reason()));
    }

    [Fact]
    public async Task Credential_Of16KiB_IsUnauthenticatedAndNotLookedUp()
    {
        await using var host = await RunningHost.StartAsync();
        var refused = await Statuses.RefusedAsync(host.Leases.ListAsync(new(), RunningHost.Bearer(new string('x', 16_384))));
        Assert.Equal((StatusCode.Unauthenticated, 0), (refused.StatusCode, host.Credentials.Asked));
    }

    [Theory] // as two headers of one name, which client libraries would join
    [InlineData("Bearer " + RunningHost.Token, "Bearer " + RunningHost.Token)]
    [InlineData("Bearer " + RunningHost.Token, "Bearer other")]
    public async Task Authorization_SentTwice_IsInvalidArgument(string first, string second)
    {
        await using var host = await RunningHost.StartAsync();
        Assert.Equal("3", await Http2Wire.GrpcStatusAsync(host.Address, "/coordinator.v1.Leases/List", ("authorization", first), ("authorization", second)));
        Assert.Equal("0", await Http2Wire.GrpcStatusAsync(host.Address, "/coordinator.v1.Leases/List", ("authorization", first)));
    }

    [Fact]
    public async Task OtherHeaders_Malformed_DoNotMatter()
    {
        await using var host = await RunningHost.StartAsync();
        Assert.Equal("0", await Http2Wire.GrpcStatusAsync(
            host.Address, "/coordinator.v1.Leases/List", ("authorization", $"Bearer {RunningHost.Token}"), ("trace-bin", "!!! no base64")));
    }

    [Fact]
    public async Task Binding_ToAWorkerPattern_IsKeptOnStreamsAndUnaryCalls()
    {
        await using var host = await RunningHost.StartAsync();
        var bound = host.Credentials.Add("bound", boundTo: "eu-*");
        await host.AcquireAsync(bound, "a", "eu-1");
        var unary = await Assert.ThrowsAsync<RpcException>(() => host.AcquireAsync(bound, "b", "us-1"));
        Assert.Equal((StatusCode.PermissionDenied, "HOLDER_NOT_ALLOWED"), (unary.StatusCode, unary.Reason()));
        using var stream = host.Sessions.Connect(bound);
        await stream.RequestStream.WriteAsync(new() { Hello = new() { WorkerId = "us-1" } });
        var refused = await Statuses.RefusedAsync(stream.ResponseStream);
        Assert.Equal((StatusCode.PermissionDenied, "WORKER_NOT_ALLOWED"), (refused.StatusCode, refused.Reason()));
    }

    [Fact] // a name that is too long for a status is not sent back in one
    public async Task Binding_AgainstAHugeHolder_IsInvalidArgument()
    {
        await using var host = await RunningHost.StartAsync();
        var bound = host.Credentials.Add("bound", boundTo: "eu-*");
        var refused = await Assert.ThrowsAsync<RpcException>(() => host.AcquireAsync(bound, "a", new string('x', 1 << 20)));
        Assert.Equal((StatusCode.InvalidArgument, "INVALID_FIELD"), (refused.StatusCode, refused.Reason()));
    }

    [Fact] // S2: another tenant's lease is like none, and names do not collide
    public async Task Tenants_DoNotSeeEachOther()
    {
        await using var host = await RunningHost.StartAsync();
        var other = host.Credentials.Add("other", tenant: "ffffffffffffffffffffffffffffffff");
        var lease = await host.AcquireAsync("shared");
        await host.AppendAsync(lease, 1, new Event { Type = "t" });

        var missing = await Statuses.RefusedAsync(host.Leases.GetAsync(new() { Resource = "none" }, other));
        var foreign = await Statuses.RefusedAsync(host.Leases.GetAsync(new() { Resource = "shared" }, other));
        Assert.Equal(missing.Status.Detail.Replace("none", "shared", StringComparison.Ordinal), foreign.Status.Detail);
        Assert.Equal(missing.StatusCode, foreign.StatusCode);
        Assert.Empty((await host.Leases.ListAsync(new(), other)).Leases);
        Assert.Equal(0, (await host.Events.ReadAsync(new() { Resource = "shared" }, other)).LastSequence);
        var check = await host.Leases.CheckTokenAsync(new() { Lease = new() { Resource = "shared", Token = lease.Token } }, other);
        Assert.Equal((false, 0), (check.Valid, check.CurrentToken));
        Assert.Equal(StatusCode.NotFound, (await Statuses.RefusedAsync(host.Leases.RevokeAsync(
            new() { Lease = new() { Resource = "shared", Token = long.MaxValue / 1024 } }, other))).StatusCode);
        Assert.NotEqual(lease.Token, (await host.AcquireAsync(other, "shared")).Token);
    }

    [Fact] // S4: open streams included, idle ones too
    public async Task Credential_Revoked_EndsCallsAndOpenStreamsWithin5Seconds()
    {
        await using var host = await RunningHost.StartAsync();
        var headers = host.Credentials.Add("soon gone");
        using var session = host.Sessions.Connect(headers);
        await session.RequestStream.WriteAsync(new() { Hello = new() { WorkerId = "w" } });
        Assert.NotNull((await session.ResponseStream.NextAsync()).Welcome);
        using var watch = host.Leases.Watch(new(), headers);
        await watch.ResponseStream.NextAsync();
        using var follow = host.Events.Follow(new() { Resource = "a" }, headers);
        using var others = host.Leases.Watch(new(), RunningHost.Headers);
        await others.ResponseStream.NextAsync();

        var ends = Task.WhenAll(
            Statuses.RefusedAsync(session.ResponseStream), Statuses.RefusedAsync(watch.ResponseStream), Statuses.RefusedAsync(follow.ResponseStream));
        host.Credentials.Revoke("soon gone");
        foreach (var end in await ends.WaitAsync(TimeSpan.FromSeconds(5)))
        {
            Assert.Equal((StatusCode.Unauthenticated, "CREDENTIAL_REVOKED"), (end.StatusCode, end.Reason()));
        }

        await Eventually.TrueAsync(
            async () =>
            {
                using var call = host.Leases.ListAsync(new(), headers);
                return await call.ResponseAsync.ContinueWith(done => done.IsFaulted, TaskScheduler.Default);
            },
            TimeSpan.FromSeconds(4), "unary calls are refused");
        await host.AcquireAsync("still");
        Assert.Equal("still", Assert.Single((await others.ResponseStream.NextAsync()).Changes).Resource);
    }

    [Fact] // S3
    public async Task Tokens_KnownAndUnknown_AreNeverLogged()
    {
        await using var host = await RunningHost.StartAsync();
        await host.AcquireAsync("a");
        await Statuses.RefusedAsync(host.Leases.ListAsync(new(), RunningHost.Bearer("wrong-secret")));
        using var session = host.Sessions.Connect(RunningHost.Headers);
        await session.RequestStream.WriteAsync(new() { Hello = new() { WorkerId = "w" } });
        await session.ResponseStream.NextAsync();
        await host.StopAsync();
        Assert.NotEmpty(host.Log.At(LogLevel.Trace));
        Assert.DoesNotContain(host.Log.At(LogLevel.Trace), line =>
            line.Contains(RunningHost.Token, StringComparison.Ordinal) || line.Contains("wrong-secret", StringComparison.Ordinal)
            || line.Contains(Tokens.Sha256(RunningHost.Token), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Lookup_RemembersGoodFor3SecondsAndBadFor1()
    {
        var (time, store) = (new ManualTime(), new TestCredentials(TimeProvider.System));
        store.Add("good");
        var lookup = new CredentialLookup(store, time);
        foreach (var (after, good, asked) in new[] { (0.0, true, 2), (0.9, true, 2), (0.2, true, 3), (1.0, true, 4), (1.0, true, 6), (0.0, true, 6) })
        {
            time.Advance(TimeSpan.FromSeconds(after));
            Assert.Equal(good, await lookup.FindAsync("good", CancellationToken.None) is not null);
            Assert.Null(await lookup.FindAsync("bad", CancellationToken.None));
            Assert.Equal((after, asked), (after, store.Asked));
        }

        store.Revoke("good");
        store.Add("bad");
        time.Advance(TimeSpan.FromSeconds(3));
        Assert.Null(await lookup.FindAsync("good", CancellationToken.None));
        Assert.NotNull(await lookup.FindAsync("bad", CancellationToken.None));
    }

    [Fact] // S5 in small: what is remembered is bounded, and the good are not pushed out by the bad
    public async Task Lookup_UnderAFloodOfUnknownTokens_KeepsTheGoodOne()
    {
        var (time, store) = (new ManualTime(), new TestCredentials(TimeProvider.System));
        store.Add("good");
        var lookup = new CredentialLookup(store, time);
        await lookup.FindAsync("good", CancellationToken.None);
        for (var i = 0; i < 100_001; i++)
        {
            await lookup.FindAsync($"bad-{i}", CancellationToken.None);
        }

        var asked = store.Asked;
        Assert.NotNull(await lookup.FindAsync("good", CancellationToken.None));
        Assert.Equal(asked, store.Asked);
    }

    [Fact]
    public void Token_MadeHere_IsGreppableAndATypoShows()
    {
        var token = Tokens.Make(CredentialKind.Admin);
        Assert.Matches("^lck_admin_[0-9a-f]{48}_[0-9a-f]{6}$", token);
        Assert.True(Tokens.LooksWhole(token));
        for (var i = "lck_admin_".Length; i < token.Length; i++)
        {
            if (token[i] != '_')
            {
                var typo = new StringBuilder(token) { [i] = token[i] == '0' ? '1' : '0' };
                Assert.False(Tokens.LooksWhole(typo.ToString()));
            }
        }

        Assert.True(Tokens.LooksWhole("lck_anything"));
        Assert.True(Tokens.LooksWhole("lck_"));
    }
}
