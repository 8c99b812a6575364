namespace Benchmarks.Load;

/// <summary>Something that is asked again and again and answers in order: a stream, a connection, a caller.</summary>
internal interface IBeats : IAsyncDisposable
{
    /// <summary>How many operations one beat is: leases renewed, events appended, calls made.</summary>
    int Operations { get; }

    /// <summary>Asks once more; never called twice at a time.</summary>
    Task AskAsync();

    /// <summary>Takes the answer to the oldest question that has none yet. Throws where it is not what it must be.</summary>
    Task AnswerAsync();
}
