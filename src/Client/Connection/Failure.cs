using Google.Protobuf;
using Google.Rpc;
using Grpc.Core;
using System.Globalization;

namespace Coordinator.Client.Connection;

/// <summary>A status with the details that coordinators attach.</summary>
internal sealed record Failure(StatusCode Status, string Reason, string Message, IReadOnlyDictionary<string, string> Metadata)
{
    private const string DetailsTrailer = "grpc-status-details-bin";

    /// <summary>Worth another try, with the same operation id: a coordinator or its store is away, or too much was asked at once.</summary>
    public bool Passing => Status is StatusCode.Unavailable or StatusCode.ResourceExhausted;

    public DateTimeOffset? Instant(string name) =>
        Metadata.TryGetValue(name, out var text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out var at) ? at : null;

    public long Number(string name) =>
        Metadata.TryGetValue(name, out var text) && long.TryParse(text, CultureInfo.InvariantCulture, out var value) ? value : 0;

    public static Failure Of(StatusCode status, string message) => new(status, "", message, new Dictionary<string, string>());

    public static Failure Of(RpcException failure) =>
        failure.Trailers.GetValueBytes(DetailsTrailer) is { } details && Parse(() => Google.Rpc.Status.Parser.ParseFrom(details)) is { } status
            ? Of(status)
            : Of(failure.StatusCode, failure.Status.Detail);

    public static Failure Of(Google.Rpc.Status status)
    {
        var info = status.Details.FirstOrDefault(detail => detail.Is(ErrorInfo.Descriptor)) is { } detail ? Parse(detail.Unpack<ErrorInfo>) : null;
        return new((StatusCode)status.Code, info?.Reason ?? "", status.Message, info?.Metadata.ToDictionary() ?? []);
    }

    // Details that cannot be read leave a status that says less, and no other failure than the one that they are about.
    private static T? Parse<T>(Func<T> parse)
        where T : class
    {
        try
        {
            return parse();
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}
