using System.Text.RegularExpressions;

namespace Coordinator.Leases;

/// <summary>The bounds of everything that a caller names. Outside is refused, never clamped.</summary>
internal static partial class LeaseBounds
{
    public const int MaxResourceLength = 200;
    public const int MaxHolderLength = 128;
    public const int MaxOperationIdLength = 128;
    public const int MaxReasonLength = 200;
    public const int MaxEventsPerBatch = 1_000;
    public const int MaxBatchBytes = 1 << 20;
    public const int MaxEventTypeLength = 100;
    public const int MaxPageSize = 1_000;
    public const int DefaultPageSize = 100;
    public const int MaxRenewalsPerRequest = 10_000;
    public const int MaxLabels = 16;
    public const int MaxLabelLength = 100;
    public static readonly TimeSpan MinTtl = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan MaxTtl = TimeSpan.FromDays(1);

    /// <summary>Names that belong to the surfaces' own rooms: a native lease may not begin with one.</summary>
    public static readonly string[] ReservedPrefixes = [ResourceKey.Run, ResourceKey.Tunnel, ResourceKey.Worker, ResourceKey.Tail, ResourceKey.Live, ResourceKey.Script];

    [GeneratedRegex(@"\A[A-Za-z0-9._:~/-]{1,200}\z")]
    public static partial Regex ResourceName();

    [GeneratedRegex(@"\A[A-Za-z0-9._:~-]{1,128}\z")]
    public static partial Regex Id();

    [GeneratedRegex(@"\A[A-Za-z0-9._:~-]{1,100}\z")]
    public static partial Regex EventType();
}
