using Coordinator.Leases;
using Microsoft.Extensions.Options;

namespace Coordinator.Sessions;

/// <summary>What every session of the process shares.</summary>
internal sealed class SessionParts(
    Lessor lessor, RenewalGatherer gatherer, SessionRegistry registry, IOptions<SessionOptions> options, TimeProvider time,
    ILogger<WorkerSession> log)
{
    public Lessor Lessor => lessor;

    public RenewalGatherer Gatherer => gatherer;

    public SessionRegistry Registry => registry;

    public SessionOptions Options => options.Value;

    public TimeProvider Time => time;

    public ILogger Log => log;
}
