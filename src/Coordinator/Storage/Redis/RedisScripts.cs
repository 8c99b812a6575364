using System.Globalization;

namespace Coordinator.Storage.Redis;

/// <summary>The scripts, each a <c>.lua</c> file behind the shared prelude.</summary>
internal sealed class RedisScripts(StoreRetention retention)
{
    public string Acquire { get; } = Load("acquire", retention);

    public string Renew { get; } = Load("renew", retention);

    public string Step { get; } = Load("step", retention);

    public string End { get; } = Load("end", retention);

    public string Get { get; } = Load("get", retention);

    public string List { get; } = Load("list", retention);

    public string Changes { get; } = Load("changes", retention);

    public string Sweep { get; } = Load("sweep", retention);

    public string Create { get; } = Load("create", retention);

    public string Claim { get; } = Load("claim", retention);

    public string Cancel { get; } = Load("cancel", retention);

    public string Record { get; } = Load("record", retention);

    public string Records { get; } = Load("records", retention);

    public string CredentialAdd { get; } = Load("credential_add", retention);

    public string CredentialRemove { get; } = Load("credential_remove", retention);

    public string CredentialList { get; } = Load("credential_list", retention);

    public string Limit { get; } = Load("limit", retention);

    // The flags line must be the first of the text; keys and prelude come behind it.
    private static string Load(string name, StoreRetention retention)
    {
        var body = Read(name);
        var flags = body[..(body.IndexOf('\n', StringComparison.Ordinal) + 1)];
        var prelude = Read("prelude")
            .Replace("@ended_ms@", retention.EndedRecords.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("@events_kept@", retention.EventsPerLog.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("@log_ms@", retention.LogAge.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("@record_ms@", retention.EndedResources.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("@changes_kept@", retention.ChangesPerPartition.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        return flags + RedisKeys.Lua + prelude + body[flags.Length..];
    }

    private static string Read(string name)
    {
        using var stream = typeof(RedisScripts).Assembly.GetManifestResourceStream($"{name}.lua")
            ?? throw new InvalidOperationException($"The script {name}.lua is not part of this assembly.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
