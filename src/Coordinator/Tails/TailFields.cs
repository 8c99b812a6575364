namespace Coordinator.Tails;

/// <summary>The fields of a tail's record, beside those that the store knows of itself.</summary>
internal static class TailFields
{
    /// <summary>The script's name; absent in a live tail of all of them.</summary>
    public const string Script = "script";

    /// <summary>JSON, as it came.</summary>
    public const string Filters = "filters";

    /// <summary>and or or, of a live tail.</summary>
    public const string Combination = "combination";

    /// <summary>Whoever started it, for the filter "self".</summary>
    public const string ClientIp = "client_ip";

    /// <summary>The subject whose live tail it is.</summary>
    public const string Subject = "subject";

    /// <summary>The SHA-256 of its capability's secret.</summary>
    public const string Secret = "secret_sha256";

    /// <summary>Who reads a live tail: another reads it no longer.</summary>
    public const string Reader = "reader";
}
