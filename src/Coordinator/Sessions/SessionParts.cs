using Coordinator.Leases;
using Coordinator.Tails;
using Microsoft.Extensions.Options;

namespace Coordinator.Sessions;

/// <summary>What every session of the process shares.</summary>
internal sealed class SessionParts(
    Lessor lessor, RenewalGatherer gatherer, SessionRegistry registry, IOptions<SessionOptions> options, TimeProvider time,
    Scripts scripts, TailRoster tails, TraceIntake traces, ILogger<WorkerSession> log)
{
    public Lessor Lessor => lessor;

    public RenewalGatherer Gatherer => gatherer;

    public SessionRegistry Registry => registry;

    public Scripts Scripts => scripts;

    public TailRoster Tails => tails;

    public TraceIntake Traces => traces;

    public SessionOptions Options => options.Value;

    public TimeProvider Time => time;

    public ILogger Log => log;
}
