using Coordinator.Gateway.Transcoding.Routes;
using System.Buffers;

namespace Coordinator.Gateway.Tails;

/// <summary>The URL of a tail: <c>/tails/{capability}</c>, or <c>/live-tails/{capability}</c>.</summary>
internal sealed class TailAddress
{
    private const int MaxLength = 256;
    private static readonly SearchValues<char> Letters = SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-");

    private TailAddress(bool isLive, string? capability) => (IsLive, Capability) = (isLive, capability);

    public bool IsLive { get; }

    /// <summary>Null for what is none, and nobody's: no coordinator needs to be asked. It is a secret, and never logged.</summary>
    public string? Capability { get; }

    /// <summary>Null where the path is another's.</summary>
    public static TailAddress? Of(RequestTarget target) => target.Raw switch
    {
        ["tails", var capability] => new(isLive: false, Judge(capability)),
        ["live-tails", var capability] => new(isLive: true, Judge(capability)),
        _ => null,
    };

    private static string? Judge(string text) => text.Length is > 0 and <= MaxLength && !text.AsSpan().ContainsAnyExcept(Letters) ? text : null;
}
