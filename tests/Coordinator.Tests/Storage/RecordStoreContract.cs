using Coordinator.Leases;
using Coordinator.Records;
using Record = Coordinator.Records.Record;

namespace Coordinator.Tests.Storage;

/// <summary>What every record store must do; each store inherits it.</summary>
public abstract partial class RecordStoreContract : IAsyncLifetime
{
    private const string Tenant = "t";
    private static readonly TimeSpan Ttl = TimeSpan.FromSeconds(1.5);
    private static readonly TimeSpan PastTtl = Ttl + TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(30);
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly Lane Web = new(Tenant, "web", ResourceKey.PartitionOfLane(Tenant, "web"));

    private protected StoreHarness Store { get; private set; } = null!;

    private IRecordStore Records => Store.Records;

    private protected abstract Task<StoreHarness> StartAsync();

    public async Task InitializeAsync() => Store = await StartAsync();

    public async Task DisposeAsync() => await Store.DisposeAsync();

    [Fact]
    public async Task Create_ThenGet_GivesWhatWasMade()
    {
        var made = await QueueAsync(1);
        var got = await ValueAsync(Records.GetAsync(made.Resource, None));
        Assert.Equal(made.Fields, got.Fields);
        Assert.Equal(("queued", "one"), (got.Text("state"), got.Text("title")));
        Assert.Null(got.Lease);
        Assert.True(got.Instant("created") > DateTimeOffset.UnixEpoch);
    }

    [Fact] // L8
    public async Task Create_SameOperation_GivesTheFirst()
    {
        var first = await ValueAsync(Records.CreateAsync(Queue(1, new Operation("op", "a")), None));
        var again = await ValueAsync(Records.CreateAsync(Queue(2, new Operation("op", "a")), None));
        Assert.Equal(first.Resource, again.Resource);
        Assert.Equal(RefusalKind.OperationMismatch, (await RefusalAsync(Records.CreateAsync(Queue(3, new Operation("op", "b")), None))).Kind);
        Assert.Single((await Records.ListAsync(Web.Partition, Tenant, "run", 0, 10, None)).Records);
    }

    [Fact] // a tail is gone with its lease, and makes room for another
    public async Task Tail_WhoseLeaseEnds_IsForgotten()
    {
        var (one, two) = (ResourceKey.Of(Tenant, "tail.ab:1"), ResourceKey.Of(Tenant, "tail.ab:2"));
        Assert.Equal(one.Partition, two.Partition);
        await ValueAsync(Records.CreateAsync(new(one, new Dictionary<string, string>(), null) { MostActive = 1, Lease = ("a", Ttl) }, None));
        Assert.Equal(RefusalKind.TooManyActive, (await RefusalAsync(Records.CreateAsync(new(two, new Dictionary<string, string>(), null) { MostActive = 1, Lease = ("a", Long) }, None))).Kind);
        await Store.AdvanceAsync(PastTtl);
        Assert.Equal(RefusalKind.RecordNotFound, (await RefusalAsync(Records.GetAsync(one, None))).Kind);
        await ValueAsync(Records.CreateAsync(new(two, new Dictionary<string, string>(), null) { MostActive = 1, Lease = ("a", Long) }, None));
        Assert.Equal(two, Assert.Single((await Records.ListAsync(two.Partition, Tenant, "tail.ab", 0, 10, None)).Records).Resource);
        await ValueAsync(Records.EndAsync(new(two, null, null, "stopped", null), None));
        Assert.Empty((await Records.ListAsync(two.Partition, Tenant, "tail.ab", 0, 10, None)).Records);
    }

    [Fact]
    public async Task Create_Names_AreTakenUntilTheLeaseEnds_AndTheBoundHolds()
    {
        var tunnel = await ValueAsync(Records.CreateAsync(Tunnel(1, "a"), None));
        Assert.Equal((RefusalKind.NameTaken, "slug:a"), About(await RefusalAsync(Records.CreateAsync(Tunnel(2, "a"), None))));
        await ValueAsync(Records.CreateAsync(Tunnel(3, "b"), None));
        Assert.Equal(2, (await RefusalAsync(Records.CreateAsync(Tunnel(4, "c"), None))).Active);
        Assert.Equal(tunnel.Resource.Name, await Records.FindAsync(tunnel.Resource.Partition, Tenant, "slug:a", None));
        await Store.AdvanceAsync(PastTtl);
        await ValueAsync(Records.CreateAsync(Tunnel(5, "a"), None));
        var ended = await ValueAsync(Records.GetAsync(tunnel.Resource, None));
        Assert.Equal(("stopped", "LEASE_EXPIRED"), (ended.Text("state"), ended.Text("last_error")));
        var told = (await Store.Events.ReadAsync(ResourceKey.Of(Tenant, "tunnel:clean-up"), 0, 10, None)).Events;
        Assert.Equal(["tunnel_expired", "tunnel_expired"], told.Select(e => e.Type));
        Assert.Contains("\"reason\":\"expired\"", System.Text.Encoding.UTF8.GetString(told[0].Payload.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_Pages_InTheOrderOfTheirMaking()
    {
        for (var i = 1; i <= 5; i++)
        {
            await QueueAsync(i);
        }

        var titles = new List<string?>();
        for (long? after = 0; after is { } at;)
        {
            var page = await Records.ListAsync(Web.Partition, Tenant, "run", at, 2, None);
            titles.AddRange(page.Records.Select(record => record.Resource.Name));
            after = page.Next;
        }

        Assert.Equal(Enumerable.Range(1, 5).Select(i => Run(i).Name), titles);
        Assert.Empty((await Records.ListAsync(Web.Partition, "other", "run", 0, 10, None)).Records);
    }

    private static ResourceKey Run(int number) => ResourceKey.Of(Tenant, $"run:{Web.Partition:x2}000000-0000-8000-8000-{number:d12}");

    private static CreateRecord Queue(int number, Operation? operation = null) =>
        new(Run(number), new Dictionary<string, string> { ["state"] = "queued", ["title"] = "one" }, operation) { Lane = Web.Key };

    private static CreateRecord Tunnel(int number, string slug) => new(
        ResourceKey.Of(Tenant, $"tunnel:{number}"),
        new Dictionary<string, string> { ["state"] = "active", ["slug"] = slug, ["hostname"] = $"{slug}.test" }, null)
    {
        Names = [$"slug:{slug}", $"host:{slug}.test"],
        MostActive = 2,
        Lease = ("t", Ttl),
    };

    private static Claim Claim(string holder) => new(holder, Long, null);

    private static (RefusalKind, string?) About(Refusal refusal) => (refusal.Kind, refusal.About);

    private async Task<Record> QueueAsync(int number) => await ValueAsync(Records.CreateAsync(Queue(number), None));

    private static async Task<T> ValueAsync<T>(ValueTask<Outcome<T>> pending)
    {
        var outcome = await pending;
        Assert.Null(outcome.Refusal);
        return outcome.Value!;
    }

    private static async Task<Refusal> RefusalAsync<T>(ValueTask<Outcome<T>> pending)
    {
        var outcome = await pending;
        Assert.NotNull(outcome.Refusal);
        return outcome.Refusal;
    }
}

/// <summary>The contract, on the embedded store.</summary>
public sealed class EmbeddedRecordStoreTests : RecordStoreContract
{
    private protected override Task<StoreHarness> StartAsync() => Task.FromResult<StoreHarness>(new EmbeddedHarness());
}

/// <summary>The contract, on a real Redis.</summary>
public sealed class RedisRecordStoreTests : RecordStoreContract
{
    private protected override async Task<StoreHarness> StartAsync() => await RedisHarness.StartAsync();
}
