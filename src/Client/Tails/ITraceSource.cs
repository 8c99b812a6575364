using Coordinator.V1;

namespace Coordinator.Client.Tails;

/// <summary>Where a stream fetches traces when it has nothing else to write.</summary>
internal interface ITraceSource
{
    /// <summary>The next frame, or null where nothing is to be written; the source is then silent until it is offered again.</summary>
    ConnectRequest? Take();

    /// <summary>A frame taken before was not written: its events are gone.</summary>
    void Lost(Traces frame);
}
