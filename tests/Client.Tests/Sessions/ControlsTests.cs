using Client.Tests.Harness;
using Coordinator.Client;
using Coordinator.Testing;
using Coordinator.V1;
using Kind = Coordinator.V1.Control.Types.Kind;
using Notice = Coordinator.Client.SessionNoticeKind;

namespace Client.Tests.Sessions;

/// <summary>What a lease's holder is asked for: told once, acknowledged whenever it comes.</summary>
public sealed class ControlsTests : SessionTest
{
    [Fact]
    public async Task Control_WithTheWelcome_IsAcknowledgedAndToldOnce()
    {
        var lease = await AcquireAsync(1);
        Coordinator.Welcoming = welcome => welcome.Resumed.Add(
            new ResumedLease { Resource = "job", Token = 1, TtlMs = 30_000, Control = new() { Id = "c1", Kind = "pause", Reason = "wait" } });
        await BreakAsync();
        Assert.Equal("c1", (await Stream.NextAsync()).ControlAck.Id);
        // A repeat that was on its way already.
        await AskAsync("c1", Kind.Pause);
        await AskAsync("c2", Kind.Cancel);
        await Eventually.TrueAsync(() => Asked().Count() == 2, Bound, "both are told");
        Assert.Equal([Notice.Cancel, Notice.Pause], Asked().Order());
        Assert.True(lease.CancelRequested.WaitHandle.WaitOne(Bound));
        await EndAsync(lease);
    }

    [Fact]
    public async Task Control_ComingAgainAfterABreak_IsToldOnce()
    {
        var lease = await AcquireAsync(1);
        await AskAsync("c1", Kind.Pause);
        await BreakAsync();
        await AskAsync("c1", Kind.Pause);
        await AskAsync("c2", Kind.Resume);
        await Eventually.TrueAsync(() => Asked().Contains(Notice.Resume), Bound, "that it may go on is told");
        Assert.Single(Asked(), Notice.Pause);
        await EndAsync(lease);
    }

    [Fact]
    public async Task Controls_ManyAtOnce_AreToldInTheirOrder()
    {
        const int Many = 500;
        var lease = await AcquireAsync(1);
        for (var i = 0; i < Many; i++)
        {
            await Stream.SendAsync(new() { Control = new() { Id = $"c{i}", Kind = Kind.Pause, Reason = $"{i}", Lease = new() { Resource = "job", Token = 1 } } });
        }

        await Eventually.TrueAsync(() => Asked().Count() == Many, Bound, "all are told");
        Assert.Equal(Enumerable.Range(0, Many).Select(i => $"{i}"), Notices.Where(notice => notice.Kind == Notice.Pause).Select(notice => notice.Message));
        for (var i = 0; i < Many; i++)
        {
            await Stream.NextAsync();
        }

        await EndAsync(lease);
    }

    private IEnumerable<Notice> Asked() => Notices.Where(notice => notice.Lease == new LeaseId("job", 1)).Select(notice => notice.Kind);

    private async Task AskAsync(string id, Kind kind)
    {
        await Stream.SendAsync(new() { Control = new() { Id = id, Kind = kind, Lease = new() { Resource = "job", Token = 1 } } });
        Assert.Equal(id, (await Stream.NextAsync()).ControlAck.Id);
    }
}
