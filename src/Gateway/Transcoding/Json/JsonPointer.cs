using System.Globalization;

namespace Coordinator.Gateway.Transcoding.Json;

/// <summary>A place in a JSON text as one string (RFC 6901), such as <c>/filters/0/header~1key</c>.</summary>
internal static class JsonPointer
{
    public static string Write(IEnumerable<object> path) => string.Concat(path.Select(step => $"/{Escape(Convert.ToString(step, CultureInfo.InvariantCulture)!)}"));

    /// <summary>The steps of a pointer that begins with a slash.</summary>
    public static IEnumerable<object> Read(string pointer) =>
        pointer.Split('/').Skip(1).Select(step => int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out var index) ? (object)index : Unescape(step));

    private static string Escape(string step) => step.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    private static string Unescape(string step) => step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
}
