using Coordinator.Events;
using Coordinator.Leases;

namespace Coordinator.Tests.Storage;

/// <summary>What every store must do with event batches and logs.</summary>
public abstract class EventStoreContract : LeaseStoreContract
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact] // E1 E4 E5
    public async Task Append_Batches_AreReadBackInOrderWithTheirToken()
    {
        var lease = await GrantAsync("a", Long);
        Assert.Equal((1L, 2L), await AppendAsync(lease, Batch(1, "x", "y")));
        Assert.Equal((2L, 3L), await AppendAsync(lease, Batch(2, "z")));
        var page = await ReadAsync(0);
        Assert.Equal(3, page.LastSequence);
        Assert.Equal([(1, "x", 1), (2, "y", 1), (3, "z", 2)], page.Events.Select(e => (e.Sequence, e.Type, e.BatchSequence)));
        Assert.All(page.Events, e => Assert.Equal((lease.Token, "w1"), (e.Token, e.Holder)));
        Assert.Equal(new byte[] { 1, 0, 255 }, page.Events[0].Payload.ToArray());
        Assert.Equal(["z"], (await ReadAsync(2)).Events.Select(e => e.Type));
    }

    [Fact] // E2
    public async Task Append_TheSameAgain_IsAcknowledgedAndStoredOnce()
    {
        var lease = await GrantAsync("a", Long);
        await AppendAsync(lease, Batch(1, "x"));
        await AppendAsync(lease, Batch(2, "y"));
        Assert.Equal((2L, 0L), await AppendAsync(lease, Batch(2, "y")));
        Assert.Equal((2L, 0L), await AppendAsync(lease, Batch(1, "x")));
        Assert.Equal(2, (await ReadAsync(0)).LastSequence);
    }

    [Fact]
    public async Task Append_OtherContentUnderTheSameSequence_IsRefused()
    {
        var lease = await GrantAsync("a", Long);
        await AppendAsync(lease, Batch(1, "x"));
        var refusal = await RefusalAsync(Store.Leases.StepAsync(new(Key("a"), lease.Token) { Batch = Batch(1, "other") }, None));
        Assert.Equal(RefusalKind.BatchMismatch, refusal.Kind);
    }

    [Fact] // E4
    public async Task Append_Gap_StoresNothingAndNamesTheExpected()
    {
        var lease = await GrantAsync("a", Long);
        await AppendAsync(lease, Batch(1, "x"));
        var refusal = await RefusalAsync(Store.Leases.StepAsync(new(Key("a"), lease.Token) { Batch = Batch(3, "z") }, None));
        Assert.Equal((RefusalKind.SequenceGap, 2L), (refusal.Kind, refusal.Expected));
        Assert.Equal(1, (await ReadAsync(0)).LastSequence);
    }

    [Fact] // E6
    public async Task Append_AfterTheLoss_StoresNothingAndSaysWhatWasStoredLast()
    {
        var old = await GrantAsync("a", Long);
        await AppendAsync(old, Batch(1, "x"));
        await ValueAsync(Store.Leases.EndAsync(new(Key("a"), old.Token, EndReason.Revoked, null), None));
        var current = await GrantAsync("a", Long);
        var refusal = await RefusalAsync(Store.Leases.StepAsync(new(Key("a"), old.Token) { Batch = Batch(2, "y") }, None));
        Assert.Equal(new(EndReason.Revoked, current.Token, 1), refusal.Lost);
        Assert.Equal(1, (await ReadAsync(0)).LastSequence);
    }

    [Fact] // E5: the log goes on under the next holder, whose batches count from 1 again
    public async Task Append_ByTheNextHolder_ContinuesTheLog()
    {
        var old = await GrantAsync("a", Long);
        await AppendAsync(old, Batch(1, "x", "y"));
        await ValueAsync(Store.Leases.EndAsync(new(Key("a"), old.Token, EndReason.Released, null), None));
        var next = await GrantAsync("a", Long);
        Assert.Equal((1L, 3L), await AppendAsync(next, Batch(1, "z")));
        Assert.Equal([old.Token, old.Token, next.Token], (await ReadAsync(0)).Events.Select(e => e.Token));
    }

    [Fact] // L3
    public async Task Append_FromAnotherConnection_IsRefused()
    {
        var lease = await GrantAsync("a", Long);
        var refusal = await RefusalAsync(Store.Leases.StepAsync(new(Key("a"), lease.Token) { Connection = "c9", Batch = Batch(1, "x") }, None));
        Assert.Equal(EndReason.Superseded, refusal.Lost!.Reason);
        Assert.Equal(0, (await ReadAsync(0)).LastSequence);
    }

    [Fact] // L4
    public async Task Step_WithAShorterRenewal_NeverShortensTheDeadline()
    {
        var lease = await GrantAsync("a", Long);
        var step = await ValueAsync(Store.Leases.StepAsync(new(Key("a"), lease.Token) { Renew = TimeSpan.FromSeconds(1) }, None));
        Assert.Equal(lease.ExpiresAt, step.ExpiresAt);
        Assert.Equal(lease.ExpiresAt, (await ValueAsync(Store.Leases.GetAsync(Key("a"), None))).ExpiresAt);
        step = await ValueAsync(Store.Leases.StepAsync(new(Key("a"), lease.Token) { Renew = TimeSpan.FromSeconds(60) }, None));
        Assert.InRange(step.ExpiresAt - lease.AcquiredAt, TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(70));
    }

    [Fact] // E7
    public async Task Read_BehindRetention_ShowsTheGapByItsPositions()
    {
        var lease = await GrantAsync("a", Long);
        for (var i = 1; i <= 40; i++)
        {
            await AppendAsync(lease, Batch(i, "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"));
        }

        var page = await ReadAsync(0);
        Assert.Equal(400, page.LastSequence);
        Assert.InRange(page.Events[0].Sequence, 100, 301);
        Assert.Equal(400, page.Events[^1].Sequence);
    }

    [Theory] // E2 E3 E4: any chopping into batches, with repeats, reads back the same events
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Append_AnyChoppingWithRepeats_ReadsBackTheSame(int seed)
    {
        var random = new Random(seed);
        var lease = await GrantAsync("a", Long);
        var expected = Enumerable.Range(0, 90).Select(i => $"e{i}").ToArray();
        var sequence = 0;
        for (var at = 0; at < expected.Length;)
        {
            var take = Math.Min(random.Next(1, 9), expected.Length - at);
            var batch = Batch(++sequence, expected[at..(at + take)]);
            for (var times = random.Next(1, 4); times > 0; times--)
            {
                Assert.Equal(sequence, (await AppendAsync(lease, batch)).Acked);
            }

            at += take;
        }

        Assert.Equal(expected, (await ReadAsync(0)).Events.Select(e => e.Type));
    }

    [Fact]
    public async Task OnAppended_AfterAnAppend_IsHeard()
    {
        var lease = await GrantAsync("a", Long);
        var heard = new TaskCompletionSource();
        await using var listening = await Store.Events.OnAppendedAsync(Key("a"), () => heard.TrySetResult(), None);
        await AppendAsync(lease, Batch(1, "x"));
        await heard.Task.WaitAsync(TimeSpan.FromSeconds(5));
    }

    private async Task<(long Acked, long Last)> AppendAsync(Lease lease, EventBatch batch)
    {
        var step = await ValueAsync(Store.Leases.StepAsync(new(lease.Resource, lease.Token) { Batch = batch }, None));
        return (step.AckedSequence, step.LastSequence);
    }

    private async Task<EventPage> ReadAsync(long after) => await Store.Events.ReadAsync(Key("a"), after, 1_000, None);
}

/// <summary>The contract on the in-process store.</summary>
public sealed class EmbeddedStoreTests : EventStoreContract
{
    private protected override Task<StoreHarness> StartAsync() => Task.FromResult<StoreHarness>(new EmbeddedHarness());
}
