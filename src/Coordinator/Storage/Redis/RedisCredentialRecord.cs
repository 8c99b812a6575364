using Coordinator.Credentials;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Coordinator.Storage.Redis;

/// <summary>A credential as it is written in Redis: JSON, snake_case.</summary>
internal sealed record RedisCredentialRecord(
    string Sha256, string Kind, string Tenant, string Subject, string? Email, string[] Scopes, string? BoundTo, DateTimeOffset CreatedAt, long? IdleMs)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static string Write(Credential credential) => JsonSerializer.Serialize(
        new RedisCredentialRecord(
            credential.Sha256, CredentialRules.Name(credential.Kind), credential.Tenant, credential.Subject, credential.Email,
            [.. credential.Scopes.Order(StringComparer.Ordinal)], credential.BoundTo, credential.CreatedAt,
            (long?)credential.IdleLife?.TotalMilliseconds),
        Json);

    public static Credential Read(string text)
    {
        var record = JsonSerializer.Deserialize<RedisCredentialRecord>(text, Json) ?? throw Unreadable();
        var kind = CredentialRules.Kind(record.Kind) ?? throw Unreadable();
        return new(record.Sha256, kind, record.Tenant, record.Subject, record.Email, record.Scopes.ToHashSet(), record.BoundTo)
        {
            CreatedAt = record.CreatedAt,
            IdleLife = record.IdleMs is { } idle ? TimeSpan.FromMilliseconds(idle) : null,
        };
    }

    private static InvalidOperationException Unreadable() => new("A credential in Redis is of a kind that this program does not know.");
}
