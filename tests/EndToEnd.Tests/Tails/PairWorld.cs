using Coordinator.Testing;
using Coordinator.V1;
using EndToEnd.Tests.Harness;
using Grpc.Core;

namespace EndToEnd.Tests.Tails;

/// <summary>
/// Two coordinators of one store: the worker is connected to the one, the gateway and so every reader to the other. Some of the tails are busy all
/// the time.
/// </summary>
public sealed class PairWorld : World
{
    internal const string OtherTenant = "fedcba9876543210fedcba9876543210";
    private const string OtherToken = "the-other-account's-token";

    /// <summary>How long a live tail lasts without a heartbeat.</summary>
    internal static readonly TimeSpan LiveTtl = TimeSpan.FromSeconds(4);
    private static readonly string[] Options = ["--live-tail-ttl-seconds", $"{LiveTtl.TotalSeconds}"];

    internal TestStore Store { get; private set; } = null!;

    /// <summary>The worker's.</summary>
    internal CoordinatorProcess Near { get; private set; } = null!;

    /// <summary>The readers'; it was started for another account.</summary>
    internal CoordinatorProcess Far { get; private set; } = null!;

    internal GatewayProcess Gateway { get; private set; } = null!;

    /// <summary>A credential of the worker's account, which the readers' coordinator knows.</summary>
    internal string Token { get; private set; } = null!;

    internal BusyTails Busy { get; private set; } = null!;

    protected override async Task StartAsync()
    {
        Store = Part(await TestStore.StartAsync("redis"));
        Near = Part(await CoordinatorProcess.StartAsync(Store.Redis!.Configuration, Options));
        Far = Part(await CoordinatorProcess.StartAtAsync(0, Store.Redis.Configuration, OtherTenant, OtherToken, Options));
        Gateway = Part(await GatewayProcess.StartAsync(Far));
        var client = Part(Near.Client());
        var session = Part(await client.StartWorkerAsync(new() { WorkerId = "busy", Scripts = [BusyTails.Name] }));
        Token = await UserAsync("reader");
        Busy = Part(await BusyTails.StartAsync(session, Gateway, Token));
    }

    protected override void Check() =>
        Assert.False(Near.Process.HasExited || Far.Process.HasExited || Gateway.Process.HasExited, "A process died of what it was asked.");

    /// <summary>A new credential of a person, in the worker's account or the other.</summary>
    internal async Task<string> UserAsync(string subject, bool elsewhere = false)
    {
        var (coordinator, token) = elsewhere ? (Far, OtherToken) : (Near, CoordinatorProcess.Token);
        var request = new AccessCreateTokenRequest { Kind = "user", Subject = subject, Scopes = { "*" } };
        return (await new Access.AccessClient(coordinator.Channel).CreateTokenAsync(request, new Metadata { { "authorization", $"Bearer {token}" } })).Token;
    }
}

/// <summary>The classes that share one <see cref="PairWorld"/>.</summary>
[CollectionDefinition(Name)]
public sealed class PairCollection : ICollectionFixture<PairWorld>
{
    public const string Name = "tails of two coordinators";
}
