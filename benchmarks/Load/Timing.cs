namespace Benchmarks.Load;

/// <summary>How long things are measured, and how often.</summary>
/// <param name="WarmUp">Before the first round of a contest, for each contestant: cold code is two to four times slower.</param>
/// <param name="Ramp">At the beginning of each round, not counted.</param>
/// <param name="Window">What is counted of each round.</param>
internal sealed record Timing(int Rounds, TimeSpan WarmUp, TimeSpan Ramp, TimeSpan Window, bool IsSmoke = false)
{
    public static readonly Timing Full = new(5, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(0.4), TimeSpan.FromSeconds(2));

    /// <summary>Only shows that everything runs: its figures are cold.</summary>
    public static readonly Timing Quick = new(1, TimeSpan.Zero, TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(0.8), IsSmoke: true);

    /// <summary>How long the last answers of a round may take.</summary>
    public static TimeSpan Last => TimeSpan.FromSeconds(30);

    /// <summary>How many of something are made: a smoke needs few.</summary>
    public int Count(int full, int quick) => IsSmoke ? quick : full;

    /// <summary>The same with a round as long as the warm-up, which counts for nothing.</summary>
    public Timing ForWarmUp() => this with { Window = WarmUp };
}
