using Coordinator.Gateway.Surfaces;
using Google.Protobuf.Reflection;

namespace Coordinator.Gateway.Transcoding.Routes;

/// <summary>Everything that can be asked for, and in whose envelope the rest is answered.</summary>
internal sealed class RouteTable
{
    private const string EventStream = "text/event-stream";
    private readonly RouteTree _tree = new();
    private readonly List<(string[] Segments, Envelope Envelope)> _prefixes;

    /// <summary>Throws an <see cref="InvalidOperationException"/> whose one sentence says which annotation cannot be kept.</summary>
    /// <param name="bareLists">Answers that list are the list alone, where their operation names its field.</param>
    public RouteTable(IReadOnlyList<FileDescriptor> files, bool bareLists = false)
    {
        Bindings = [.. Binder.Bind(files, bareLists)];
        foreach (var binding in Bindings)
        {
            _tree.Add(binding);
        }

        var prefixes =
            from file in files
            from service in file.Services
            from prefix in Envelopes.SurfaceOf(service)?.Prefixes ?? []
            select (Segments(prefix, service), Envelopes.Of(service));
        // The longest goes first, so that the first that fits is the nearest.
        _prefixes = [.. prefixes.OrderByDescending(prefix => prefix.Item1.Length)];
    }

    public IReadOnlyList<Binding> Bindings { get; }

    public RouteMatch Find(string httpMethod, RequestTarget target, string[] decoded) => _tree.Find(httpMethod, target, decoded);

    public Envelope EnvelopeOf(IReadOnlyList<string> path) =>
        _prefixes.Find(prefix => path.Count >= prefix.Segments.Length && path.Take(prefix.Segments.Length).SequenceEqual(prefix.Segments)).Envelope
        ?? Envelopes.Default;

    /// <summary>Of a page and a stream at the same path, the one that was asked for.</summary>
    public static Binding Choose(RouteMatch match, HttpRequest request)
    {
        var wantsEvents = request.GetTypedHeaders().Accept.Any(accepted => accepted.MediaType.Equals(EventStream, StringComparison.OrdinalIgnoreCase) && accepted.Quality != 0);
        return match.Bindings.FirstOrDefault(binding => binding.Streams == wantsEvents) ?? match.Bindings[0];
    }

    private static string[] Segments(string prefix, Google.Protobuf.Reflection.ServiceDescriptor service) =>
        prefix is ['/', _, ..] && !prefix.EndsWith('/')
            ? prefix[1..].Split('/')
            : throw new InvalidOperationException($"{service.FullName} has the prefix '{prefix}', which is no path.");
}
