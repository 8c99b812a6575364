namespace Coordinator.Leases;

/// <summary>UUIDs as text: 32 hex digits in any case, in five groups.</summary>
internal static class Uuids
{
    private const int Length = 36;

    /// <summary>Exactly one, without the white space that the framework's parser lets pass.</summary>
    public static bool TryRead(string text, out Guid id)
    {
        id = default;
        return text.Length == Length && Guid.TryParseExact(text, "D", out id);
    }
}
