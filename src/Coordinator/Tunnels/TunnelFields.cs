namespace Coordinator.Tunnels;

/// <summary>The fields of a tunnel's record, beside those that the store knows of itself.</summary>
internal static class TunnelFields
{
    /// <summary>The subject that made it, and whose it is.</summary>
    public const string Owner = "owner";

    public const string Port = "port";
}
