using Client.Tests.Harness;
using Coordinator.Client;
using Coordinator.Testing;
using Coordinator.V1;
using Google.Protobuf;
using Grpc.Core;
using System.Collections.Concurrent;
using Kind = Coordinator.V1.Control.Types.Kind;

namespace Client.Tests.Sessions;

/// <summary>Frames that no coordinator should send: they cost their stream, and neither the session nor what it holds.</summary>
public sealed class BrokenProtocolTests : SessionTest
{
    private readonly RecordedTime _time = new();

    protected override TimeProvider Time => _time;

    public static TheoryData<string> Frames => new(Broken.Keys.Order());

    private static Dictionary<string, ConnectResponse> Broken { get; } = new()
    {
        ["refused without a status"] = new() { Refused = new() { RequestId = "a" } },
        ["granted without a lease"] = new() { Granted = new() { RequestId = "a" } },
        ["cancel without a lease"] = new() { Control = new() { Id = "1", Kind = Kind.Cancel } },
        ["pause without a lease"] = new() { Control = new() { Id = "1", Kind = Kind.Pause } },
        ["resume without a lease"] = new() { Control = new() { Id = "1", Kind = Kind.Resume } },
        ["lost without a lost lease"] = new() { Control = new() { Id = "1", Kind = Kind.Lost } },
        ["tail without a demand"] = new() { Control = new() { Id = "1", Kind = Kind.TailStarted } },
        ["ack with an endless pause"] = new() { HeartbeatAck = new() { Sequence = 1, NextHeartbeatInMs = long.MaxValue } },
        ["ack with a pause below zero"] = new() { HeartbeatAck = new() { Sequence = 1, NextHeartbeatInMs = -1 } },
        ["grant with an endless TTL"] = new() { Granted = new() { RequestId = "a", Lease = new() { Resource = "job", TtlMs = long.MaxValue } } },
        ["second welcome"] = new() { Welcome = new() },
    };

    [Theory]
    [MemberData(nameof(Frames))]
    public async Task Frame_ThatBreaksTheProtocol_IsToldAndCostsTheStreamOnly(string frame)
    {
        var lease = await AcquireAsync(1);
        await Stream.SendAsync(Broken[frame]);
        Stream = await Coordinator.NextAsync();
        Assert.Equal(1, Assert.Single(Stream.Hello.Resume.Leases).Token);
        await Eventually.TrueAsync(() => Notices.Any(notice => notice.Kind == SessionNoticeKind.Disconnected), Bound, "the break is told");
        Assert.Contains("broke the protocol", Notices.First(notice => notice.Kind == SessionNoticeKind.Disconnected).Message, StringComparison.Ordinal);
        Assert.Equal(LeaseEnd.None, lease.End);
        await EndAsync(lease);
        await Session.DisposeAsync();
    }

    [Fact]
    public async Task Acquire_GrantedWithoutALease_IsSentAgain()
    {
        var acquiring = Session.AcquireAsync("job");
        var first = (await Stream.NextAsync()).Acquire;
        await Stream.SendAsync(new() { Granted = new() { RequestId = first.RequestId } });
        Stream = await Coordinator.NextAsync();
        Assert.Equal(first, (await Stream.NextAsync()).Acquire);
        await GrantAsync(first.RequestId, 1);
        await EndAsync(await acquiring.WaitAsync(Bound));
    }

    [Fact]
    public async Task Coordinator_ThatBreaksTheProtocolEachTime_IsAskedAgainAfterPausesOnly()
    {
        for (var i = 0; i < 4; i++)
        {
            await Stream.SendAsync(Broken["granted without a lease"]);
            Stream = await Coordinator.NextAsync();
        }

        // Beside the bound on each connection, which is of 2 s, nothing but the pauses between them takes a timer.
        Assert.Equal(4, _time.Waits.Count(wait => wait > TimeSpan.Zero && wait != TimeSpan.FromSeconds(2)));
    }

    [Fact]
    public async Task Refusal_WithDetailsThatCannotBeRead_IsARefusal()
    {
        var acquiring = Session.AcquireAsync("job");
        var status = Refusal(StatusCode.Aborted, "LEASE_HELD");
        status.Details[0].Value = ByteString.CopyFrom(0xff, 0xff);
        await Stream.SendAsync(new() { Refused = new() { RequestId = (await Stream.NextAsync()).Acquire.RequestId, Status = status } });
        Assert.Equal(StatusCode.Aborted, (await Assert.ThrowsAsync<CoordinatorException>(() => acquiring.WaitAsync(Bound))).Status);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(99)]
    public async Task Lost_ForAReasonThatIsNotKnown_IsOver(int reason)
    {
        var lease = await AcquireAsync(1);
        await Stream.SendAsync(new() { Control = new() { Id = "1", Kind = Kind.Lost, Lost = new() { Resource = "job", Token = 1, Reason = (EndReason)reason } } });
        Assert.Equal("1", (await Stream.NextAsync()).ControlAck.Id);
        Assert.Equal(LeaseEnd.Forgotten, lease.End);
    }

    /// <summary>The system's clock, which remembers for how long it was asked to wait.</summary>
    private sealed class RecordedTime : TimeProvider
    {
        public ConcurrentQueue<TimeSpan> Waits { get; } = new();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Waits.Enqueue(dueTime);
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
