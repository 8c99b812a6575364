using Coordinator.Storage;
using Coordinator.Storage.Embedded;
using Coordinator.Tests.Services.Harness;
using Coordinator.V1;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Kind = Coordinator.V1.LeaseChange.Types.Kind;

namespace Coordinator.Tests.Services;

/// <summary>Leases.Watch: snapshot, changes, resumption.</summary>
public sealed class WatchTests
{
    [Fact]
    public async Task Watch_WithoutCursor_GivesTheLeasesThenEveryChangeWithItsReason()
    {
        await using var host = await RunningHost.StartAsync();
        var before = await host.AcquireAsync("jobs/a");
        await host.AcquireAsync("other/b");
        using var watch = host.Leases.Watch(new() { Prefix = "jobs/" }, RunningHost.Headers);
        var (snapshot, _) = await SnapshotAsync(watch);
        Assert.Equal(before, Assert.Single(snapshot));

        var released = await host.AcquireAsync("jobs/b", "me");
        await host.AcquireAsync("other/c");
        await EndAsync(host, released);
        await host.Leases.RevokeAsync(new() { Lease = new() { Resource = "jobs/a", Token = before.Token } }, RunningHost.Headers);
        var expired = await host.AcquireAsync("jobs/c", ttlMs: 1_000);
        var changes = await TakeAsync(watch, 5);
        Assert.Equal(
            new[]
            {
                (Kind.Acquired, "jobs/b", released.Token, EndReason.Unspecified), (Kind.Ended, "jobs/b", released.Token, EndReason.Released),
                (Kind.Ended, "jobs/a", before.Token, EndReason.Revoked),
                (Kind.Acquired, "jobs/c", expired.Token, EndReason.Unspecified), (Kind.Ended, "jobs/c", expired.Token, EndReason.Expired),
            }.OrderBy(change => change.Item2),
            changes.Select(change => (change.Kind, change.Resource, change.Token, change.Reason)).OrderBy(change => change.Resource));
        Assert.Equal("me", changes.First(change => change.Resource == "jobs/b").Holder);
    }

    [Fact] // from each cursor, the rest: nothing twice, nothing missing
    public async Task Watch_ResumedAtEveryCursor_GivesExactlyWhatFollowed()
    {
        await using var host = await RunningHost.StartAsync();
        using var watch = host.Leases.Watch(new(), RunningHost.Headers);
        var cursors = new List<ByteString> { (await SnapshotAsync(watch)).Cursor };
        var all = new List<LeaseChange>();
        for (var i = 0; i < 6; i++)
        {
            await EndAsync(host, await host.AcquireAsync($"r{i % 3}"));
            while (all.Count < 2 * (i + 1))
            {
                var response = await watch.ResponseStream.NextAsync();
                all.AddRange(response.Changes);
                cursors.AddRange(Enumerable.Repeat(response.Cursor, response.Changes.Count));
            }
        }

        for (var seen = 0; seen < all.Count; seen++)
        {
            // Changes of one response share its cursor: go on from the first that stands behind it.
            var from = cursors.LastIndexOf(cursors[seen]);
            using var resumed = host.Leases.Watch(new() { Cursor = cursors[seen] }, RunningHost.Headers);
            if (from < all.Count)
            {
                var rest = await TakeAsync(resumed, all.Count - from);
                Assert.Equal(ByResource(all[from..]), ByResource(rest));
            }
        }
    }

    [Fact]
    public async Task Watch_ResumedWhileLeasesChange_MissesNone()
    {
        await using var host = await RunningHost.StartAsync();
        using var whole = host.Leases.Watch(new(), RunningHost.Headers);
        var cursor = (await SnapshotAsync(whole)).Cursor;
        const int Rounds = 200;
        var changing = Task.Run(async () =>
        {
            for (var i = 0; i < Rounds; i++)
            {
                await EndAsync(host, await host.AcquireAsync($"r{i % 7}"));
            }
        });
        var seen = new List<LeaseChange>();
        while (seen.Count < 2 * Rounds)
        {
            // Cut after every few responses, and taken up elsewhere.
            using var part = host.Leases.Watch(new() { Cursor = cursor }, RunningHost.Headers);
            for (var i = 0; i < 3 && seen.Count < 2 * Rounds; i++)
            {
                var response = await part.ResponseStream.NextAsync();
                seen.AddRange(response.Changes);
                cursor = response.Cursor;
            }
        }

        await changing;
        Assert.Equal(ByResource(await TakeAsync(whole, 2 * Rounds)), ByResource(seen));
    }

    [Fact]
    public async Task Watch_CursorBehindWhatIsKept_IsOutOfRangeAndASnapshotHelps()
    {
        await using var host = await RunningHost.StartAsync(services => services.Configure<StoreRetention>(retention => retention.ChangesPerPartition = 100));
        ByteString cursor;
        using (var watch = host.Leases.Watch(new(), RunningHost.Headers))
        {
            cursor = (await SnapshotAsync(watch)).Cursor;
        }

        for (var i = 0; i < 60; i++)
        {
            await EndAsync(host, await host.AcquireAsync("again"));
        }

        using var stale = host.Leases.Watch(new() { Cursor = cursor }, RunningHost.Headers);
        var refused = await Statuses.RefusedAsync(stale.ResponseStream);
        Assert.Equal((StatusCode.OutOfRange, "CURSOR_TRIMMED"), (refused.StatusCode, refused.Reason()));
        using var anew = host.Leases.Watch(new(), RunningHost.Headers);
        Assert.Empty((await SnapshotAsync(anew)).Leases);
    }

    [Fact] // a store that was emptied begins its positions again: whoever watches must look again
    public async Task Watch_StoreEmptied_IsToldAndNotLeftWaiting()
    {
        await using var host = await RunningHost.StartAsync();
        await EndAsync(host, await host.AcquireAsync("a"));
        using var watch = host.Leases.Watch(new(), RunningHost.Headers);
        var cursor = (await SnapshotAsync(watch)).Cursor;
        foreach (var partition in host.Services.GetRequiredService<EmbeddedState>().Partitions)
        {
            lock (partition.Gate)
            {
                partition.Position = 0;
                partition.Changes.Clear();
            }
        }

        Assert.Equal(StatusCode.OutOfRange, (await Statuses.RefusedAsync(watch.ResponseStream)).StatusCode);
        using var resumed = host.Leases.Watch(new() { Cursor = cursor }, RunningHost.Headers);
        Assert.Equal(StatusCode.OutOfRange, (await Statuses.RefusedAsync(resumed.ResponseStream)).StatusCode);
    }

    [Fact]
    public async Task Watch_OtherTenantsChanges_AreNotSeen()
    {
        await using var host = await RunningHost.StartAsync();
        using var watch = host.Leases.Watch(new(), RunningHost.Headers);
        await SnapshotAsync(watch);
        await host.AcquireAsync(host.Credentials.Add("other", tenant: "ffffffffffffffffffffffffffffffff"), "theirs");
        await host.AcquireAsync("ours");
        Assert.Equal("ours", Assert.Single(await TakeAsync(watch, 1)).Resource);
    }

    [Theory]
    [InlineData("{")]
    [InlineData("a b")]
    public async Task Watch_ImpossiblePrefix_IsInvalidArgument(string prefix)
    {
        await using var host = await RunningHost.StartAsync();
        using var watch = host.Leases.Watch(new() { Prefix = prefix }, RunningHost.Headers);
        Assert.Equal(StatusCode.InvalidArgument, (await Statuses.RefusedAsync(watch.ResponseStream)).StatusCode);
    }

    [Fact] // an answer must fit what clients receive by default: 4 MiB
    public async Task SnapshotAndList_LargeLabels_StayBelowWhatClientsReceive()
    {
        await using var host = await RunningHost.StartAsync();
        using var session = host.Sessions.Connect(RunningHost.Headers);
        var hello = new Hello { WorkerId = "w" };
        hello.Labels.Add(Enumerable.Range(0, 16).ToDictionary(i => $"{i:00}{new string('字', 98)}", _ => new string('字', 100)));
        await session.RequestStream.WriteAsync(new() { Hello = hello });
        await session.ResponseStream.NextAsync();
        for (var i = 0; i < 900; i++)
        {
            await session.RequestStream.WriteAsync(new() { Acquire = new() { RequestId = $"{i}", Resource = $"r{i}" } });
            Assert.NotNull((await session.ResponseStream.NextAsync()).Granted);
        }

        using var watch = host.Leases.Watch(new(), RunningHost.Headers);
        var names = new List<string>();
        WatchResponse response;
        do
        {
            response = await watch.ResponseStream.NextAsync();
            Assert.InRange(response.CalculateSize(), 1, 4 << 20);
            names.AddRange(response.Snapshot.Select(lease => lease.Resource));
        }
        while (!response.SnapshotComplete);
        Assert.Equal(Enumerable.Range(0, 900).Select(i => $"r{i}").Order(), names.Order());

        names.Clear();
        var token = "";
        do
        {
            var page = await host.Leases.ListAsync(new() { PageSize = 1_000, PageToken = token }, RunningHost.Headers);
            Assert.InRange(page.CalculateSize(), 1, 4 << 20);
            names.AddRange(page.Leases.Select(lease => lease.Resource));
            token = page.NextPageToken;
        }
        while (token.Length > 0);
        Assert.Equal(Enumerable.Range(0, 900).Select(i => $"r{i}").Order(), names.Order());
    }

    private static async Task EndAsync(RunningHost host, Lease lease) => await host.Leases.ReleaseAsync(
        new() { Lease = new() { Resource = lease.Resource, Token = lease.Token } }, RunningHost.Headers);

    private static async Task<(List<Lease> Leases, ByteString Cursor)> SnapshotAsync(AsyncServerStreamingCall<WatchResponse> watch)
    {
        var leases = new List<Lease>();
        while (true)
        {
            var response = await watch.ResponseStream.NextAsync();
            leases.AddRange(response.Snapshot);
            if (response.SnapshotComplete)
            {
                return (leases, response.Cursor);
            }

            Assert.True(response.Cursor.IsEmpty);
        }
    }

    private static async Task<List<LeaseChange>> TakeAsync(AsyncServerStreamingCall<WatchResponse> watch, int count)
    {
        var changes = new List<LeaseChange>();
        while (changes.Count < count)
        {
            changes.AddRange((await watch.ResponseStream.NextAsync()).Changes);
        }

        Assert.Equal(count, changes.Count);
        return changes;
    }

    // The order is that of each resource.
    private static IEnumerable<LeaseChange> ByResource(IEnumerable<LeaseChange> changes) => changes.OrderBy(change => change.Resource, StringComparer.Ordinal);
}
