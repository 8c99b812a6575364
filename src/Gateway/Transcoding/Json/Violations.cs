namespace Coordinator.Gateway.Transcoding.Json;

/// <summary>Gathers what is wrong with a request, at the path where the reader is. No more than 100 are kept.</summary>
internal sealed class Violations
{
    private const int Most = 100;
    private readonly List<object> _path = [];
    private readonly List<Violation> _found = [];

    public IReadOnlyList<Violation> Found => _found;

    public bool Full => _found.Count >= Most;

    /// <summary>Goes one name or index further, until it is disposed.</summary>
    public Step Into(object step)
    {
        _path.Add(step);
        return new(this);
    }

    public void Add(Violation violation)
    {
        if (!Full)
        {
            _found.Add(violation with { Path = [.. _path] });
        }
    }

    public void Add(ViolationKind kind, decimal bound = 0) => Add(new([], kind) { Bound = bound });

    public void Missing(string expected) => Add(new([], ViolationKind.Missing) { Expected = expected, Received = "undefined" });

    public void WrongType(string expected, string received) => Add(new([], ViolationKind.WrongType) { Expected = expected, Received = received });

    public void BadFormat(string format, string? pattern = null) => Add(new([], ViolationKind.BadFormat) { Format = format, Pattern = pattern });

    public void NotOneOf(IEnumerable<string> options) => Add(new([], ViolationKind.NotOneOf) { Options = [.. options] });

    public void Other(string text) => Add(new([], ViolationKind.Other) { Text = text });

    /// <summary>One step of the path.</summary>
    internal readonly struct Step(Violations of) : IDisposable
    {
        public void Dispose() => of._path.RemoveAt(of._path.Count - 1);
    }
}
