using Coordinator.Credentials;
using Coordinator.Limits;
using Coordinator.Storage.Embedded;
using Coordinator.Testing;
using System.Net;

namespace Coordinator.Tests.Limits;

/// <summary>Who is counted together, and who is not counted.</summary>
public sealed class LimiterTests
{
    private static readonly string Presented = Tokens.Sha256("presented");

    [Theory] // S5
    [InlineData("192.0.2.1", "192.0.2.1", true)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("192.0.2.1", "::ffff:c000:201", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true)]
    [InlineData("2001:db8:1:2::1", "2001:0DB8:0001:0002:0000:0000:0000:0001", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("fe80::1", "fe80::2%7", true)]
    [InlineData("::192.0.2.1", "192.0.2.1", false)]
    public async Task Addresses_OfOneClient_AreCountedTogether(string one, string other, bool together)
    {
        var limiter = Make(runs: 10);
        await AnswerAsync(limiter, LimitKind.Runs, one);
        Assert.Equal(together ? 8 : 9, (await AnswerAsync(limiter, LimitKind.Runs, other))!.Remaining);
    }

    [Fact]
    public async Task Runs_AreCountedByAddress_WhateverIsPresented()
    {
        var limiter = Make(runs: 10);
        Assert.Equal(9, (await AnswerAsync(limiter, LimitKind.Runs, "192.0.2.1"))!.Remaining);
        Assert.Equal(8, (await AnswerAsync(limiter, LimitKind.Runs, "192.0.2.1", Presented))!.Remaining);
        Assert.Equal(9, (await AnswerAsync(limiter, LimitKind.Runs, "192.0.2.2", Presented))!.Remaining);
    }

    [Fact]
    public async Task Tunnels_AreCountedByWhatIsPresented_AndWithoutItByAddress()
    {
        var limiter = Make(tunnels: 10);
        Assert.Equal(9, (await AnswerAsync(limiter, LimitKind.Tunnels, "192.0.2.1", Presented))!.Remaining);
        Assert.Equal(8, (await AnswerAsync(limiter, LimitKind.Tunnels, "192.0.2.2", Presented))!.Remaining);
        Assert.Equal(9, (await AnswerAsync(limiter, LimitKind.Tunnels, "192.0.2.2", Tokens.Sha256("other")))!.Remaining);
        Assert.Equal(9, (await AnswerAsync(limiter, LimitKind.Tunnels, "192.0.2.2"))!.Remaining);
        Assert.Equal(8, (await AnswerAsync(limiter, LimitKind.Tunnels, "192.0.2.2"))!.Remaining);
    }

    [Fact]
    public async Task Kinds_OfOneAddress_AreCountedApart()
    {
        var limiter = Make(runs: 10, tunnels: 10);
        Assert.Equal(9, (await AnswerAsync(limiter, LimitKind.Runs, "192.0.2.1"))!.Remaining);
        Assert.Equal(9, (await AnswerAsync(limiter, LimitKind.Tunnels, "192.0.2.1"))!.Remaining);
    }

    [Fact]
    public async Task Calls_BeyondTheLimit_AreExceededUntilTheNextMinute()
    {
        var time = new ManualTime();
        var limiter = Make(runs: 2, time: time);
        time.Advance(TimeSpan.FromSeconds(12.5));
        Assert.Equal((1, false, 48), Seen(await AnswerAsync(limiter, LimitKind.Runs, "192.0.2.1")));
        Assert.Equal((0, false, 48), Seen(await AnswerAsync(limiter, LimitKind.Runs, "192.0.2.1")));
        Assert.Equal((0, true, 48), Seen(await AnswerAsync(limiter, LimitKind.Runs, "192.0.2.1")));
        time.Advance(TimeSpan.FromSeconds(47.4));
        Assert.Equal((0, true, 1), Seen(await AnswerAsync(limiter, LimitKind.Runs, "192.0.2.1")));
        time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal((1, false, 60), Seen(await AnswerAsync(limiter, LimitKind.Runs, "192.0.2.1")));
    }

    [Theory]
    [InlineData("10.1.2.3", true)]
    [InlineData("::ffff:10.1.2.3", true)]
    [InlineData("fd00::1", true)]
    [InlineData("11.0.0.1", false)]
    [InlineData("fe00::1", false)]
    public async Task Exempt_AddressesOfARange_AreNotCounted(string address, bool exempt)
    {
        var limiter = Make(runs: 1, tunnels: 1, exempt: ["10.0.0.0/8", "fd00::/8"]);
        Assert.Equal(exempt, await AnswerAsync(limiter, LimitKind.Runs, address) is null);
        Assert.Equal(exempt, await AnswerAsync(limiter, LimitKind.Tunnels, address, Presented) is null);
    }

    [Fact]
    public async Task Limit_OfZero_CountsNothing()
    {
        var limiter = Make();
        Assert.False(limiter.Counts(LimitKind.Runs));
        Assert.Null(await AnswerAsync(limiter, LimitKind.Runs, "192.0.2.1"));
        Assert.Null(await AnswerAsync(limiter, LimitKind.Tunnels, "192.0.2.1"));
        Assert.Null(await AnswerAsync(limiter, LimitKind.None, "192.0.2.1"));
    }

    private static (int, bool, int) Seen(LimitAnswer? answer) => (answer!.Remaining, answer.Exceeded, answer.ResetSeconds);

    private static Limiter Make(int runs = 0, int tunnels = 0, string[]? exempt = null, ManualTime? time = null) =>
        new(new EmbeddedLimitStore(time ?? new()), new(runs, tunnels, [.. (exempt ?? []).Select(range => IPNetwork.Parse(range))]));

    private static async Task<LimitAnswer?> AnswerAsync(Limiter limiter, LimitKind kind, string address, string? presented = null) =>
        await limiter.CountAsync(kind, IPAddress.Parse(address), presented, CancellationToken.None);
}
