using Client.Tests.Harness;
using Coordinator.Client;
using Coordinator.Testing;
using Coordinator.V1;
using Grpc.Core;
using Kind = Coordinator.V1.Control.Types.Kind;

namespace Client.Tests.Leases;

/// <summary>Released is what a coordinator has taken back: whatever else ends a lease that is to be released is told as it is.</summary>
public sealed class UnansweredReleaseTests : SessionTest
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(500);
    private readonly ManualTime _time = new();

    protected override TimeProvider Time => _time;

    [Fact]
    public async Task Release_WithoutAnAnswerUntilTheDeadline_IsUnknown()
    {
        var lease = await AcquireAsync(1);
        var (releasing, disposing) = (lease.ReleaseAsync(), lease.DisposeAsync().AsTask());
        await Stream.NextAsync();
        _time.Advance(lease.Ttl);
        await IsUnknownAsync(releasing);
        await disposing.WaitAsync(Bound);
        Assert.Equal(LeaseEnd.OutcomeUnknown, lease.End);
        // Also to whoever asks later; and it is no loss of what its holder wants to keep.
        await IsUnknownAsync(lease.ReleaseAsync());
        Assert.DoesNotContain(Notices, notice => notice.Kind == SessionNoticeKind.Lost);
    }

    [Fact]
    public async Task Dispose_OfASessionWithoutAnAnswer_IsUnknown()
    {
        var lease = await AcquireAsync(1);
        var releasing = lease.ReleaseAsync();
        await Stream.NextAsync();
        var disposing = Session.DisposeAsync().AsTask();
        await Eventually.TrueAsync(
            () =>
            {
                _time.Advance(Step);
                return disposing.IsCompleted;
            },
            Bound,
            "the session no longer waits");
        await IsUnknownAsync(releasing);
        Assert.Equal(LeaseEnd.OutcomeUnknown, lease.End);
    }

    [Fact]
    public async Task Release_RevokedBeforeItsAnswer_IsRevoked()
    {
        var lease = await AcquireAsync(1);
        var releasing = lease.ReleaseAsync();
        await Stream.NextAsync();
        var lost = new LostLease { Resource = "job", Token = 1, Reason = EndReason.Revoked };
        await Stream.SendAsync(new() { Control = new() { Id = "1", Kind = Kind.Lost, Lost = lost } });
        await releasing.WaitAsync(Bound);
        Assert.Equal(LeaseEnd.Revoked, lease.End);
    }

    [Fact]
    public async Task Release_OfWhatHasExpired_IsExpired()
    {
        var lease = await AcquireAsync(1);
        var releasing = lease.ReleaseAsync();
        await RefuseAsync((await Stream.NextAsync()).Release.RequestId, StatusCode.Aborted, "LEASE_LOST", ("reason", "expired"));
        await releasing.WaitAsync(Bound);
        Assert.Equal(LeaseEnd.Expired, lease.End);
    }

    private static async Task IsUnknownAsync(Task releasing) =>
        Assert.Equal("OUTCOME_UNKNOWN", (await Assert.ThrowsAsync<CoordinatorException>(() => releasing.WaitAsync(Bound))).Reason);
}
