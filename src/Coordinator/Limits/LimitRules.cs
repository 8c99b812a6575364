using System.Net;

namespace Coordinator.Limits;

/// <summary>How many calls a minute are allowed, and whose are not counted.</summary>
/// <param name="Runs">Calls under <see cref="LimitKind.Runs"/>; 0 for no limit.</param>
/// <param name="Tunnels">Calls under <see cref="LimitKind.Tunnels"/>; 0 for no limit.</param>
/// <param name="Exempt">Client addresses that no limit counts.</param>
internal sealed record LimitRules(int Runs, int Tunnels, IReadOnlyList<IPNetwork> Exempt)
{
    public const int DefaultRuns = 600;
    public const int DefaultTunnels = 100;

    /// <summary>Of every limit.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(60);

    public int Of(LimitKind kind) => kind switch
    {
        LimitKind.None => 0,
        LimitKind.Runs => Runs,
        LimitKind.Tunnels => Tunnels,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "A limit without a number."),
    };
}
