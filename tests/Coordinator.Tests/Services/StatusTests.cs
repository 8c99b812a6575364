using Coordinator.Leases;
using Coordinator.Services;
using Coordinator.Sessions;
using Coordinator.Storage;
using Coordinator.Tests.Services.Harness;
using Coordinator.Tunnels;
using Coordinator.V1;
using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RpcStatus = Google.Rpc.Status;

namespace Coordinator.Tests.Services;

/// <summary>Each refusal and failure, as a caller on the wire sees it: the table of the proto comments.</summary>
public sealed class StatusTests
{
    // What each is documented as; the tests below fail on a kind that has no line or no way to be provoked.
    private static readonly Dictionary<RefusalKind, (StatusCode Code, string Reason)> Documented = new()
    {
        [RefusalKind.InvalidField] = (StatusCode.InvalidArgument, "INVALID_FIELD"),
        [RefusalKind.OperationMismatch] = (StatusCode.InvalidArgument, "OPERATION_MISMATCH"),
        [RefusalKind.LeaseNotFound] = (StatusCode.NotFound, "LEASE_NOT_FOUND"),
        [RefusalKind.LeaseHeld] = (StatusCode.Aborted, "LEASE_HELD"),
        [RefusalKind.LeaseLost] = (StatusCode.Aborted, "LEASE_LOST"),
        [RefusalKind.SequenceGap] = (StatusCode.OutOfRange, "SEQUENCE_GAP"),
        [RefusalKind.BatchMismatch] = (StatusCode.InvalidArgument, "BATCH_MISMATCH"),
        [RefusalKind.PositionBeyondEnd] = (StatusCode.OutOfRange, "POSITION_BEYOND_END"),
        [RefusalKind.CursorTrimmed] = (StatusCode.OutOfRange, "CURSOR_TRIMMED"),
        [RefusalKind.RecordNotFound] = (StatusCode.NotFound, "RUN_NOT_FOUND"),
        [RefusalKind.RecordFinal] = (StatusCode.FailedPrecondition, "RUN_ENDED"),
        [RefusalKind.NotHolder] = (StatusCode.Aborted, "CLAIM_NOT_HELD"),
        [RefusalKind.NameTaken] = (StatusCode.AlreadyExists, "TUNNEL_SLUG_CONFLICT"),
        [RefusalKind.TooManyActive] = (StatusCode.FailedPrecondition, "TUNNEL_LIMIT_REACHED"),
        [RefusalKind.LimitExceeded] = (StatusCode.ResourceExhausted, "LIMIT_EXCEEDED"),
    };

    public static TheoryData<string> Kinds => [.. Enum.GetNames<RefusalKind>()];

    public static TheoryData<string> Failures => [.. Enum.GetNames<StoreFailure>()];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Refusal_OfEveryKind_HasItsDocumentedStatus(string name)
    {
        var kind = Enum.Parse<RefusalKind>(name);
        await using var host = await RunningHost.StartAsync(services =>
        {
            services.Configure<StoreRetention>(retention => retention.ChangesPerPartition = 100);
            services.Configure<SessionOptions>(session => session.Leases = 1);
            services.Configure<TunnelOptions>(tunnels => tunnels.MostActive = 1);
        });
        var status = await ProvokeAsync(host, kind);
        Assert.Equal(Documented[kind], ((StatusCode)status.Code, status.Info().Reason));
        Assert.Equal("coordinator", status.Info().Domain);
        Assert.NotEmpty(status.Message);
        Assert.Null(status.Find<RetryInfo>());
    }

    [Fact]
    public async Task InvalidField_NamesTheField()
    {
        await using var host = await RunningHost.StartAsync();
        var refused = await Statuses.RefusedAsync(host.Leases.AcquireAsync(new() { Resource = "a", Holder = "h", TtlMs = 999 }, RunningHost.Headers));
        Assert.Equal("ttl_ms", Assert.Single(refused.Rich().Find<BadRequest>()!.FieldViolations).Field);
    }

    [Fact]
    public async Task LeaseHeld_NamesHolderAndExpiry()
    {
        await using var host = await RunningHost.StartAsync();
        var lease = await host.AcquireAsync("a", "first");
        var info = (await Statuses.RefusedAsync(host.Leases.AcquireAsync(new() { Resource = "a", Holder = "second", TtlMs = 1_000 }, RunningHost.Headers))).Rich().Info();
        Assert.Equal("first", info.Metadata["holder"]);
        var expires = DateTimeOffset.Parse(info.Metadata["expires_at"], System.Globalization.CultureInfo.InvariantCulture);
        Assert.True((expires - lease.ExpiresAt.ToDateTimeOffset()).Duration() < TimeSpan.FromMilliseconds(1));
    }

    [Fact] // L5 E6
    public async Task LeaseLost_NamesReasonCurrentTokenAndLastBatch()
    {
        await using var host = await RunningHost.StartAsync();
        var lost = await host.AcquireAsync("a");
        await host.AppendAsync(lost, 1, new Event { Type = "t" });
        await host.Leases.RevokeAsync(new() { Lease = new() { Resource = "a", Token = lost.Token } }, RunningHost.Headers);
        var current = await host.AcquireAsync("a");
        var refused = await Assert.ThrowsAsync<RpcException>(() => host.AppendAsync(lost, 2, new Event { Type = "t" }));
        var facts = refused.Rich().Info().Metadata;
        Assert.Equal(("revoked", $"{current.Token}", "1"), (facts["reason"], facts["current_token"], facts["last_batch_sequence"]));
    }

    [Fact] // E4
    public async Task SequenceGap_NamesTheExpected()
    {
        await using var host = await RunningHost.StartAsync();
        var lease = await host.AcquireAsync("a");
        var refused = await Assert.ThrowsAsync<RpcException>(() => host.AppendAsync(lease, 7, new Event { Type = "t" }));
        Assert.Equal("1", refused.Rich().Info().Metadata["expected"]);
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task StoreFailure_OfEveryKind_IsUnavailableWithItsReasonAndARetry(string name)
    {
        var failure = Enum.Parse<StoreFailure>(name);
        await using var host = await RunningHost.StartAsync(services => services.AddSingleton<ILeaseStore>(new FailingLeases(new StoreException(failure, "The store said so"))));
        var status = (await Statuses.RefusedAsync(host.Leases.GetAsync(new() { Resource = "a" }, RunningHost.Headers))).Rich();
        var reason = failure switch
        {
            StoreFailure.Unavailable => "STORE_UNAVAILABLE",
            StoreFailure.Stale => "COMMAND_STALE",
            StoreFailure.OutcomeUnknown => "OUTCOME_UNKNOWN",
            _ => throw new InvalidOperationException($"{failure} is not documented."),
        };
        Assert.Equal((StatusCode.Unavailable, reason), ((StatusCode)status.Code, status.Info().Reason));
        Assert.True(status.Find<RetryInfo>()!.RetryDelay.ToTimeSpan() > TimeSpan.Zero);
    }

    [Fact]
    public async Task AnythingElse_IsInternalWithoutInternals()
    {
        await using var host = await RunningHost.StartAsync(services => services.AddSingleton<ILeaseStore>(new FailingLeases(new FormatException("secret detail"))));
        var refused = await Statuses.RefusedAsync(host.Leases.GetAsync(new() { Resource = "a" }, RunningHost.Headers));
        Assert.Equal((StatusCode.Internal, "INTERNAL"), (refused.StatusCode, refused.Reason()));
        Assert.DoesNotContain("secret detail", refused.ToString(), StringComparison.Ordinal);
        Assert.Contains(host.Log.At(LogLevel.Error), line => line.Contains("secret detail", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Call_ThatItsCallerCancels_IsNoErrorHere()
    {
        await using var host = await RunningHost.StartAsync();
        using var leaving = new CancellationTokenSource();
        using var call = host.Leases.Watch(new(), RunningHost.Headers, cancellationToken: leaving.Token);
        Assert.True((await call.ResponseStream.NextAsync()).SnapshotComplete);
        await leaving.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, (await Statuses.RefusedAsync(call.ResponseStream)).StatusCode);
        await host.StopAsync();
        Assert.Empty(host.Log.At(LogLevel.Error));
    }

    // Provokes a refusal the way a caller would; gives the status with its details.
    private static async Task<RpcStatus> ProvokeAsync(RunningHost host, RefusalKind kind)
    {
        var headers = RunningHost.Headers;
        var lease = await host.AcquireAsync("r", operation: "op");
        await host.AppendAsync(lease, 1, new Event { Type = "first" });
        var named = new LeaseRef { Resource = lease.Resource, Token = lease.Token };
        switch (kind)
        {
            case RefusalKind.InvalidField:
                return (await Statuses.RefusedAsync(host.Leases.GetAsync(new() { Resource = "{" }, headers))).Rich();
            case RefusalKind.OperationMismatch:
                return (await Assert.ThrowsAsync<RpcException>(() => host.AcquireAsync("r", "other", operation: "op"))).Rich();
            case RefusalKind.LeaseNotFound:
                return (await Statuses.RefusedAsync(host.Leases.GetAsync(new() { Resource = "none" }, headers))).Rich();
            case RefusalKind.LeaseHeld:
                return (await Assert.ThrowsAsync<RpcException>(() => host.AcquireAsync("r", "other"))).Rich();
            case RefusalKind.LeaseLost:
                await host.Leases.ReleaseAsync(new() { Lease = named }, headers);
                return (await Assert.ThrowsAsync<RpcException>(() => host.AppendAsync(lease, 2, new Event { Type = "t" }))).Rich();
            case RefusalKind.SequenceGap:
                return (await Assert.ThrowsAsync<RpcException>(() => host.AppendAsync(lease, 9, new Event { Type = "t" }))).Rich();
            case RefusalKind.BatchMismatch:
                return (await Assert.ThrowsAsync<RpcException>(() => host.AppendAsync(lease, 1, new Event { Type = "other" }))).Rich();
            case RefusalKind.PositionBeyondEnd:
                return (await Statuses.RefusedAsync(host.Events.ReadAsync(new() { Resource = "r", AfterSequence = 2 }, headers))).Rich();
            case RefusalKind.CursorTrimmed:
                using (var watch = host.Leases.Watch(new() { Cursor = await TrimmedCursorAsync(host) }, headers))
                {
                    return (await Statuses.RefusedAsync(watch.ResponseStream)).Rich();
                }

            case RefusalKind.RecordNotFound:
                return (await Statuses.RefusedAsync(host.Runs.GetAsync(new() { Id = Guid.NewGuid().ToString() }, headers))).Rich();
            case RefusalKind.RecordFinal:
                var over = (await host.Runs.QueueAsync(new() { LaneKey = "l", Title = "t" }, headers)).Run.Id;
                await host.Runs.CancelAsync(new() { Id = over }, headers);
                return (await Statuses.RefusedAsync(host.Runs.CancelAsync(new() { Id = over }, headers))).Rich();
            case RefusalKind.NotHolder:
                var waits = (await host.Runs.QueueAsync(new() { LaneKey = "l", Title = "t" }, headers)).Run.Id;
                return (await Statuses.RefusedAsync(host.Runs.ReportAsync(new() { Id = waits, WorkerId = "w" }, headers))).Rich();
            case RefusalKind.NameTaken:
                await host.Tunnels.CreateAsync(new() { Port = 1, RequestedSlug = "a" }, headers);
                return (await Statuses.RefusedAsync(host.Tunnels.CreateAsync(new() { Port = 1, RequestedSlug = "a" }, headers))).Rich();
            case RefusalKind.TooManyActive:
                await host.Tunnels.CreateAsync(new() { Port = 1, RequestedSlug = "a" }, headers);
                return (await Statuses.RefusedAsync(host.Tunnels.CreateAsync(new() { Port = 1, RequestedSlug = "b" }, headers))).Rich();
            case RefusalKind.LimitExceeded:
                using (var call = host.Sessions.Connect(headers))
                {
                    await call.RequestStream.WriteAsync(new() { Hello = new() { WorkerId = "w" } });
                    foreach (var resource in new[] { "one", "two" })
                    {
                        await call.RequestStream.WriteAsync(new() { Acquire = new() { RequestId = resource, Resource = resource } });
                        await call.ResponseStream.NextAsync();
                    }

                    return (await call.ResponseStream.NextAsync()).Refused.Status;
                }

            default:
                throw new InvalidOperationException($"No way is known to provoke {kind}.");
        }
    }

    private static async Task<ByteString> TrimmedCursorAsync(RunningHost host)
    {
        using var watch = host.Leases.Watch(new(), RunningHost.Headers);
        var cursor = ByteString.Empty;
        while (cursor.IsEmpty)
        {
            cursor = (await watch.ResponseStream.NextAsync()).Cursor;
        }

        for (var i = 0; i < 51; i++)
        {
            var lease = await host.AcquireAsync("again");
            await host.Leases.ReleaseAsync(new() { Lease = new() { Resource = "again", Token = lease.Token } }, RunningHost.Headers);
        }

        return cursor;
    }
}
