using Coordinator.Credentials;
using Coordinator.Leases;
using Coordinator.Records;
using Coordinator.Tunnels;
using Coordinator.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.Extensions.Options;
using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace Coordinator.Services;

/// <summary>Tunnels: translates, asks the room, translates back.</summary>
internal sealed class TunnelsService(TunnelDesk desk, RecordPages pages, IOptions<TunnelOptions> options) : V1.Tunnels.TunnelsBase
{
    // Those that have stopped are kept for days: a list of them has an end.
    private const int MostListed = 1_000;

    // Three beats fit into a lease.
    private const int BeatsPerLease = 3;
    private const string TelemetryType = "telemetry";

    public override async Task<TunnelsCreateResponse> Create(TunnelsCreateRequest request, ServerCallContext context)
    {
        MessageRules.Demand(request);
        var credential = context.GetCredential();
        var slug = request.HasRequestedSlug ? request.RequestedSlug : null;
        if (slug is not null && TunnelRules.Slug(slug) is { } bad)
        {
            throw StatusTable.Fail(StatusCode.InvalidArgument, "INVALID_SLUG", bad.Message[(bad.Field!.Length + 2)..]);
        }

        var outcome = await desk.CreateAsync(
            credential.Tenant, credential.Subject, request.Port, slug, request.OperationId, context.CancellationToken).ConfigureAwait(false);
        var made = outcome.OrThrow(Room.Tunnels);
        var lease = (int)options.Value.LeaseTtl.TotalSeconds;
        return new()
        {
            TunnelId = made.Tunnel.Id,
            Hostname = made.Tunnel.Text(RecordFields.Hostname),
            // Nothing of ours reads it: it names the tunnel to the program that makes the connection.
            CloudflaredToken = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)),
            TunnelRunToken = made.RuntimeToken,
            HeartbeatIntervalSec = Math.Max(1, lease / BeatsPerLease),
            LeaseTimeoutSec = lease,
        };
    }

    public override async Task<TunnelsListResponse> List(TunnelsListRequest request, ServerCallContext context)
    {
        var tenant = context.GetTenant();
        var outcome = await pages.ListAsync(
            tenant, TunnelDesk.Kind, "", MostListed, ResourceKey.PartitionOfTunnels(tenant),
            record => IsTheirs(context.GetCredential(), record) && (request.IncludeInactive || record.Lease is not null), context.CancellationToken).ConfigureAwait(false);
        return new() { Tunnels = { outcome.OrThrow(Room.Tunnels).Records.Select(ToTunnel) } };
    }

    public override async Task<TunnelsHeartbeatResponse> Heartbeat(TunnelsHeartbeatRequest request, ServerCallContext context)
    {
        // By its id, as workers do, it is one step: only a hostname has to be looked up before.
        var credential = context.GetCredential();
        var tunnel = Uuids.TryRead(request.Id, out var id) && TunnelDesk.Resource(credential.Tenant, id) is var named && credential.MayBe(named.Name)
            ? named
            : (await NamedAsync(request.Id, context).ConfigureAwait(false)).Resource;
        var beaten = (await desk.BeatAsync(tunnel, OwnerOf(credential), context.CancellationToken).ConfigureAwait(false)).OrThrow(Room.Tunnels);
        return new() { ExpiresAt = beaten.ExpiresAt.ToWire() };
    }

    public override async Task<TunnelsDeleteResponse> Delete(TunnelsDeleteRequest request, ServerCallContext context)
    {
        var tunnel = await NamedAsync(request.Id, context).ConfigureAwait(false);
        (await desk.StopAsync(tunnel.Resource, context.CancellationToken).ConfigureAwait(false)).OrThrow(Room.Tunnels);
        return new();
    }

    public override async Task<TunnelsRecordTelemetryResponse> RecordTelemetry(TunnelsRecordTelemetryRequest request, ServerCallContext context)
    {
        MessageRules.Demand(request);
        var tunnel = await NamedAsync(request.Id, context).ConfigureAwait(false);
        var telemetry = new EventEntry(TelemetryType, Json(request));
        (await desk.RecordAsync(tunnel.Resource, telemetry, context.CancellationToken).ConfigureAwait(false)).OrThrow(Room.Tunnels);
        return new();
    }

    // A credential that is bound to one tunnel is told that another is not its own, whether there is one or not.
    private async ValueTask<Record> NamedAsync(string id, ServerCallContext context)
    {
        if (id.Length == 0)
        {
            throw StatusTable.Fail(StatusCode.InvalidArgument, "INVALID_TUNNEL_ID", "Tunnel identifier is required.");
        }

        if (!Uuids.TryRead(id, out _) && !TunnelRules.IsHostname(id))
        {
            throw StatusTable.Fail(StatusCode.InvalidArgument, "INVALID_TUNNEL_ID", "Tunnel identifier must be a UUID or a hostname.");
        }

        var credential = context.GetCredential();
        var outcome = await desk.FindAsync(credential.Tenant, id, context.CancellationToken).ConfigureAwait(false);
        if (credential.BoundTo is not null && !await IsOwnAsync(credential, id, outcome.Value, context.CancellationToken).ConfigureAwait(false))
        {
            throw StatusTable.Fail(StatusCode.PermissionDenied, "CREDENTIAL_NOT_BOUND", "This token belongs to another tunnel.");
        }

        return outcome.Value is { } found && !IsTheirs(credential, found)
            ? throw StatusTable.ToException(Refusals.Absent(found.Resource), Room.Tunnels)
            : outcome.OrThrow(Room.Tunnels);
    }

    // A tunnel belongs to the subject that made it; its own token speaks for it, and an administrator for everybody.
    private static bool IsTheirs(Credential credential, Record tunnel) => OwnerOf(credential) is not { } owner || tunnel.Text(TunnelFields.Owner) == owner;

    // Null for anybody.
    private static string? OwnerOf(Credential credential) =>
        credential.BoundTo is not null || credential.Kind == CredentialKind.Admin ? null : credential.Subject;

    // A hostname is free once its tunnel has ended: then the tunnel's own token is told by the name that the tunnel had.
    private async ValueTask<bool> IsOwnAsync(Credential credential, string id, Record? found, CancellationToken cancellation)
    {
        if (found is not null)
        {
            return credential.MayBe(found.Resource.Name);
        }

        var own = credential.BoundTo!.StartsWith(ResourceKey.Tunnel, StringComparison.Ordinal) ? credential.BoundTo[ResourceKey.Tunnel.Length..] : "";
        return own.Equals(id, StringComparison.OrdinalIgnoreCase)
            || (Uuids.TryRead(own, out _)
                && (await desk.FindAsync(credential.Tenant, own, cancellation).ConfigureAwait(false)).Value?.Text(RecordFields.Hostname)
                    ?.Equals(id, StringComparison.OrdinalIgnoreCase) == true);
    }

    private static Tunnel ToTunnel(Record record)
    {
        var tunnel = new Tunnel
        {
            Id = record.Id,
            Hostname = record.Text(RecordFields.Hostname),
            Slug = record.Text(RecordFields.Slug),
            Status = record.Text(RecordFields.State),
            RequestedPort = int.Parse(record.Text(TunnelFields.Port)!, CultureInfo.InvariantCulture),
            CreatedAt = record.Instant(RecordFields.Created).ToWire(),
            StoppedAt = record.Instant(RecordFields.StoppedAt).ToWire(),
        };
        if (record.Lease is { } lease)
        {
            tunnel.Lease = new()
            {
                LastHeartbeatAt = (record.Instant(RecordFields.LastHeartbeat) ?? lease.AcquiredAt).ToWire(),
                ExpiresAt = lease.ExpiresAt.ToWire(),
            };
        }

        if (record.Text(RecordFields.LastError) is { } error)
        {
            tunnel.LastError = error;
        }

        return tunnel;
    }

    private static ReadOnlyMemory<byte> Json(TunnelsRecordTelemetryRequest request)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer);
        writer.WriteStartObject();
        if (request.HasRegion)
        {
            writer.WriteString("region", request.Region);
        }

        if (request.HasMetrics)
        {
            Raw(writer, "metrics", request.Metrics);
        }

        writer.WriteStartArray("requests");
        foreach (var one in request.Requests)
        {
            writer.WriteRawValue(one.Span);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    private static void Raw(Utf8JsonWriter writer, string name, ByteString json)
    {
        writer.WritePropertyName(name);
        writer.WriteRawValue(json.Span);
    }
}
