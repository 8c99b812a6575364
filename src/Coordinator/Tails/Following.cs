namespace Coordinator.Tails;

/// <summary>Somebody here ships a script, until it is disposed.</summary>
internal sealed class Following(string script, Func<Audience> audience, Action leave) : IDisposable
{
    public string Script => script;

    /// <summary>The tails of the script, as they are at this moment.</summary>
    public Audience Audience => audience();

    public void Dispose() => leave();
}
