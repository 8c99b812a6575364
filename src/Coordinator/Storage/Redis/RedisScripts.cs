using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Coordinator.Storage.Redis;

/// <summary>A script, and the hash by which the server knows it once it has seen the text.</summary>
internal sealed record RedisScript(string Text)
{
    /// <summary>SHA-1, as the server computes it: no secret is kept by it.</summary>
    [SuppressMessage("Security", "CA5350", Justification = "The server names scripts so")]
    public byte[] Hash { get; } = SHA1.HashData(Encoding.UTF8.GetBytes(Text));
}

/// <summary>The scripts, each a <c>.lua</c> file behind the shared prelude.</summary>
internal sealed class RedisScripts(StoreRetention retention)
{
    public RedisScript Acquire { get; } = Load("acquire", retention);

    public RedisScript Renew { get; } = Load("renew", retention);

    public RedisScript Step { get; } = Load("step", retention);

    public RedisScript End { get; } = Load("end", retention);

    public RedisScript Get { get; } = Load("get", retention);

    public RedisScript List { get; } = Load("list", retention);

    public RedisScript Changes { get; } = Load("changes", retention);

    public RedisScript Sweep { get; } = Load("sweep", retention);

    public RedisScript Create { get; } = Load("create", retention);

    public RedisScript Claim { get; } = Load("claim", retention);

    public RedisScript Cancel { get; } = Load("cancel", retention);

    public RedisScript Record { get; } = Load("record", retention);

    public RedisScript Records { get; } = Load("records", retention);

    public RedisScript CredentialAdd { get; } = Load("credential_add", retention);

    public RedisScript CredentialRemove { get; } = Load("credential_remove", retention);

    public RedisScript CredentialList { get; } = Load("credential_list", retention);

    public RedisScript Limit { get; } = Load("limit", retention);

    // The flags line must be the first of the text; keys and prelude come behind it.
    private static RedisScript Load(string name, StoreRetention retention)
    {
        var body = Read(name);
        var flags = body[..(body.IndexOf('\n', StringComparison.Ordinal) + 1)];
        var prelude = Read("prelude")
            .Replace("@ended_ms@", retention.EndedRecords.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("@events_kept@", retention.EventsPerLog.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("@log_ms@", retention.LogAge.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("@record_ms@", retention.EndedResources.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("@changes_kept@", retention.ChangesPerPartition.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        return new(flags + RedisKeys.Lua + prelude + body[flags.Length..]);
    }

    private static string Read(string name)
    {
        using var stream = typeof(RedisScripts).Assembly.GetManifestResourceStream($"{name}.lua")
            ?? throw new InvalidOperationException($"The script {name}.lua is not part of this assembly.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }
}
