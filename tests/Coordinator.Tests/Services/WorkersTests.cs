using Coordinator.Testing;
using Coordinator.Tests.Services.Harness;
using Coordinator.V1;
using Grpc.Core;

namespace Coordinator.Tests.Services;

/// <summary>Workers that beat without a stream, as callers on the wire see them.</summary>
public sealed class WorkersTests : IAsyncLifetime
{
    private readonly ManualTime _time = new();
    private RunningHost _host = null!;

    private V1.Workers.WorkersClient Client => _host.Workers;

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    public async Task InitializeAsync() => _host = await RunningHost.StartAsync(time: _time);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task Register_GivesATypeIdAndATokenForItAlone()
    {
        var (first, token) = await RegisterAsync();
        var (second, _) = await RegisterAsync();
        Assert.Matches("^wrk_[0-7][0-9a-hjkmnp-tv-z]{25}$", first);
        Assert.Equal(first, (await Client.RecordHeartbeatAsync(new() { Id = first, IsActiveRecently = false }, token)).WorkerId);
        var foreign = await Statuses.RefusedAsync(Client.RecordHeartbeatAsync(new() { Id = second, IsActiveRecently = false }, token));
        Assert.Equal((StatusCode.Unauthenticated, "CREDENTIAL_NOT_BOUND"), (foreign.StatusCode, foreign.Reason()));
        Assert.Equal("SCOPE_MISSING", (await Statuses.RefusedAsync(Client.ListAsync(new(), token))).Reason());
    }

    [Fact] // L8
    public async Task Register_SameOperation_IsOneWorkerWithoutASecondToken()
    {
        var first = await Client.RegisterAsync(new() { OperationId = "op" }, RunningHost.Headers);
        _time.Advance(TimeSpan.FromSeconds(1));
        var again = await Client.RegisterAsync(new() { OperationId = "op" }, RunningHost.Headers);
        Assert.Equal((first.WorkerId, ""), (again.WorkerId, again.ActivityToken));
        Assert.Single((await Client.ListAsync(new(), RunningHost.Headers)).Workers);
        Assert.Equal(2, (await _host.Credentials.ListAsync(RunningHost.Tenant, CancellationToken.None)).Count);
    }

    [Fact]
    public async Task Heartbeats_InAnyOrder_LeaveTheMaxima()
    {
        var (id, token) = await RegisterAsync();
        var random = new Random(7);
        var beats = Enumerable.Range(0, 200).Select(i => Now - (i * 1_000L)).Concat([Now, Now]).OrderBy(_ => random.Next()).ToArray();
        WorkersRecordHeartbeatResponse last = new();
        foreach (var at in beats)
        {
            last = await Client.RecordHeartbeatAsync(
                new() { Id = id, IsActiveRecently = true, SentAt = at, LastActivityAt = at - 5_000, OpenSessionCount = (1L << 53) - 1 }, token);
        }

        Assert.Equal((Now, Now - 5_000, (1L << 53) - 1), (last.LastHeartbeatAt, last.LastActiveAt, last.OpenSessionCount));
        var worker = (await Client.GetAsync(new() { Id = id }, RunningHost.Headers)).Worker;
        Assert.Equal((Now, Now - 5_000, (1L << 53) - 1, true), (worker.LastHeartbeatAt, worker.LastActiveAt, worker.OpenSessionCount, worker.Present));
    }

    [Fact]
    public async Task Heartbeat_WithAWrongClock_CountsAsNow()
    {
        var (id, token) = await RegisterAsync();
        var beat = new WorkersRecordHeartbeatRequest { Id = id, IsActiveRecently = true, SentAt = Now + 300_000, LastActivityAt = Now + 300_001 };
        var answer = await Client.RecordHeartbeatAsync(beat, token);
        Assert.Equal((Now + 300_000, Now), (answer.LastHeartbeatAt, answer.LastActiveAt));
    }

    [Fact]
    public async Task Heartbeat_OfAnIdleWorker_HasNoActivityUntilThereWasOne()
    {
        var (id, token) = await RegisterAsync();
        var answer = await Client.RecordHeartbeatAsync(new() { Id = id, IsActiveRecently = false, LastActivityAt = Now }, token);
        Assert.Equal((false, false, Now), (answer.HasLastActiveAt, answer.HasOpenSessionCount, answer.LastHeartbeatAt));
        var sent = Now - 1_000;
        Assert.Equal(sent, (await Client.RecordHeartbeatAsync(new() { Id = id, IsActiveRecently = true, SentAt = sent }, token)).LastActiveAt);
        Assert.Equal(sent, (await Client.RecordHeartbeatAsync(new() { Id = id, IsActiveRecently = false }, token)).LastActiveAt);
    }

    [Fact]
    public async Task Presence_IsALeaseThatEveryBeatRenews()
    {
        var (id, token) = await RegisterAsync();
        Assert.False((await Client.GetAsync(new() { Id = id }, RunningHost.Headers)).Worker.Present);
        await Client.RecordHeartbeatAsync(new() { Id = id, IsActiveRecently = true }, token);
        _time.Advance(TimeSpan.FromMinutes(14));
        await Client.RecordHeartbeatAsync(new() { Id = id, IsActiveRecently = true }, token);
        _time.Advance(TimeSpan.FromMinutes(14));
        Assert.Equal($"worker:{id}", (await _host.Leases.GetAsync(new() { Resource = $"worker:{id}" }, RunningHost.Headers)).Lease.Resource);
        _time.Advance(TimeSpan.FromMinutes(1));
        var worker = (await Client.GetAsync(new() { Id = id }, RunningHost.Headers)).Worker;
        Assert.Equal((false, false), (worker.Present, worker.HasPresentUntil));
    }

    [Fact] // S4
    public async Task Delete_ForgetsTheWorkerAndItsToken()
    {
        var (id, token) = await RegisterAsync();
        await Client.RecordHeartbeatAsync(new() { Id = id, IsActiveRecently = true }, token);
        await Client.DeleteAsync(new() { Id = id }, RunningHost.Headers);
        Assert.Equal("WORKER_NOT_FOUND", (await Statuses.RefusedAsync(Client.GetAsync(new() { Id = id }, RunningHost.Headers))).Reason());
        Assert.Equal("WORKER_NOT_FOUND", (await Statuses.RefusedAsync(Client.DeleteAsync(new() { Id = id }, RunningHost.Headers))).Reason());
        Assert.Equal("LEASE_NOT_FOUND", (await Statuses.RefusedAsync(_host.Leases.GetAsync(new() { Resource = $"worker:{id}" }, RunningHost.Headers))).Reason());
        Assert.Single(await _host.Credentials.ListAsync(RunningHost.Tenant, CancellationToken.None));
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(StatusCode.Unauthenticated, (await Statuses.RefusedAsync(Client.RecordHeartbeatAsync(new() { Id = id, IsActiveRecently = true }, token))).StatusCode);
    }

    [Fact] // S2
    public async Task AnotherTenantsWorker_LooksLikeAMissingOne()
    {
        var (id, _) = await RegisterAsync();
        var stranger = _host.Credentials.Add("stranger", "activity", "wrk_01h455vb4pex5vsknk084sn02q", new('f', 32));
        foreach (var one in new[] { id, "wrk_01h455vb4pex5vsknk084sn02r" })
        {
            var refused = await Statuses.RefusedAsync(Client.RecordHeartbeatAsync(new() { Id = one, IsActiveRecently = true }, stranger));
            Assert.Equal((StatusCode.NotFound, "WORKER_NOT_FOUND"), (refused.StatusCode, refused.Reason()));
        }
    }

    [Theory]
    [InlineData("wrk_01h455vb4pex5vsknk084sn02", "id")]
    [InlineData("wrk_81h455vb4pex5vsknk084sn02q", "id")]
    [InlineData("usr_01h455vb4pex5vsknk084sn02q", "id")]
    [InlineData("wrk_01H455VB4PEX5VSKNK084SN02Q", "id")]
    public async Task Heartbeat_WithABadId_NamesIt(string id, string field)
    {
        var refused = await Statuses.RefusedAsync(Client.RecordHeartbeatAsync(new() { Id = id, IsActiveRecently = true }, RunningHost.Headers));
        Assert.Equal(field, Assert.Single(refused.Rich().Find<Google.Rpc.BadRequest>()!.FieldViolations).Field);
    }

    [Fact]
    public async Task Heartbeat_OutOfBounds_NamesTheField()
    {
        var (id, token) = await RegisterAsync();
        foreach (var (beat, field) in new[]
        {
            (new WorkersRecordHeartbeatRequest { Id = id }, "is_active_recently"),
            (new WorkersRecordHeartbeatRequest { Id = id, IsActiveRecently = true, OpenSessionCount = -1 }, "open_session_count"),
            (new WorkersRecordHeartbeatRequest { Id = id, IsActiveRecently = true, OpenSessionCount = 1L << 53 }, "open_session_count"),
            (new WorkersRecordHeartbeatRequest { Id = id, IsActiveRecently = true, SentAt = long.MaxValue }, "sent_at"),
            (new WorkersRecordHeartbeatRequest { Id = id, IsActiveRecently = true, LastActivityAt = long.MinValue }, "last_activity_at"),
        })
        {
            var refused = await Statuses.RefusedAsync(Client.RecordHeartbeatAsync(beat, token));
            Assert.Equal(field, Assert.Single(refused.Rich().Find<Google.Rpc.BadRequest>()!.FieldViolations).Field);
        }
    }

    [Fact]
    public async Task List_PagesOverAll()
    {
        var ids = new List<string>();
        for (var i = 0; i < 7; i++)
        {
            ids.Add((await RegisterAsync()).Id);
        }

        var (found, cursor) = (new List<string>(), "");
        do
        {
            var page = await Client.ListAsync(new() { Limit = 3, Cursor = cursor }, RunningHost.Headers);
            found.AddRange(page.Workers.Select(worker => worker.Id));
            cursor = page.HasNextCursor ? page.NextCursor : "";
        }
        while (cursor.Length > 0);
        Assert.Equal(ids.Order(), found.Order());
    }

    private async Task<(string Id, Metadata Token)> RegisterAsync()
    {
        var made = await Client.RegisterAsync(new(), RunningHost.Headers);
        return (made.WorkerId, RunningHost.Bearer(made.ActivityToken));
    }
}
