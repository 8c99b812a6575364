using Microsoft.AspNetCore.Http.Features;

namespace Coordinator.Gateway.Transcoding.Routes;

/// <summary>
/// What was asked for, as it came over the wire: nothing is decoded, joined or removed before it is split, so that %2F is data and
/// a dot segment is a segment.
/// </summary>
internal sealed class RequestTarget
{
    private RequestTarget(string path, string query)
    {
        (Path, Query) = (path, query);
        Raw = path is ['/', .. var rest] ? rest.Split('/') : [];
    }

    public string Path { get; }

    public string Query { get; }

    /// <summary>The segments as they came; none where the target is no path at all.</summary>
    public IReadOnlyList<string> Raw { get; }

    public static RequestTarget Of(HttpContext http) => Of(http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget);

    public static RequestTarget Of(string rawTarget)
    {
        var target = rawTarget;
        // The absolute form, which proxies send.
        if (!target.StartsWith('/') && target.IndexOf("://", StringComparison.Ordinal) is > 0 and var scheme)
        {
            var slash = target.IndexOf('/', scheme + 3);
            target = slash < 0 ? "/" : target[slash..];
        }

        var mark = target.IndexOf('?', StringComparison.Ordinal);
        return mark < 0 ? new(target, "") : new(target[..mark], target[(mark + 1)..]);
    }

    /// <summary>Each segment decoded once; null where one cannot be.</summary>
    public string[]? Decode()
    {
        var decoded = new string[Raw.Count];
        for (var i = 0; i < decoded.Length; i++)
        {
            if (!PercentCoding.TryDecode(Raw[i], out decoded[i]))
            {
                return null;
            }
        }

        return decoded;
    }

    /// <summary>The query's pairs in order; null where one cannot be decoded.</summary>
    public IReadOnlyList<KeyValuePair<string, string>>? DecodeQuery()
    {
        var pairs = new List<KeyValuePair<string, string>>();
        foreach (var pair in Query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            var (name, value) = equals < 0 ? (pair, "") : (pair[..equals], pair[(equals + 1)..]);
            if (!PercentCoding.TryDecode(name, out var decodedName, plusIsSpace: true) || !PercentCoding.TryDecode(value, out var decodedValue, plusIsSpace: true))
            {
                return null;
            }

            pairs.Add(new(decodedName, decodedValue));
        }

        return pairs;
    }
}
