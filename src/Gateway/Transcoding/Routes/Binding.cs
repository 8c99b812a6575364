using Coordinator.Gateway.Surfaces;
using Coordinator.Gateway.Transcoding.Json;
using Coordinator.Rest.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace Coordinator.Gateway.Transcoding.Routes;

/// <summary>One way in which a method is called over HTTP, with everything about it that can be known at start.</summary>
internal sealed class Binding
{
    public required MethodDescriptor Method { get; init; }

    public required Method<IMessage, IMessage> Call { get; init; }

    public required Operation Operation { get; init; }

    public required Envelope Envelope { get; init; }

    public required string HttpMethod { get; init; }

    public required PathTemplate Template { get; init; }

    /// <summary>Where the template's variables go, in its order.</summary>
    public required IReadOnlyList<FieldPath> Variables { get; init; }

    public required BodyKind Body { get; init; }

    /// <summary>The field that the body fills, where it is one.</summary>
    public FieldDescriptor? BodyField { get; init; }

    /// <summary>The field that is the whole answer; null for the message.</summary>
    public FieldDescriptor? ResponseField { get; init; }

    /// <summary>What a success is written into; null for the message alone.</summary>
    public AnswerTemplate? Answer { get; init; }

    /// <summary>The request's fields that the gateway fills.</summary>
    public IReadOnlyList<FieldShape> Filled { get; init; } = [];

    /// <summary>The request's field operation_id, where it has one: the Idempotency-Key header fills it.</summary>
    public FieldDescriptor? OperationId { get; init; }

    public FieldDescriptor? ResumeField { get; init; }

    public FieldDescriptor? EventsField { get; init; }

    public FieldDescriptor? EventIdField { get; init; }

    public bool Streams => Method.IsServerStreaming;

    public int MaxBodyBytes => Operation.MaxBodyBytes > 0 ? Operation.MaxBodyBytes : 1 << 20;

    public IMessage NewRequest() => Method.InputType.Parser.ParseFrom(ByteString.Empty);

    /// <summary>Whether doing it twice is like doing it once: what reads, and what names its operation.</summary>
    public bool IsRepeatable(IMessage request) =>
        HttpMethod == HttpMethods.Get || (OperationId is not null && OperationId.Accessor.GetValue(request) is string { Length: > 0 });
}

/// <summary>What the body of a request is.</summary>
internal enum BodyKind
{
    /// <summary>Nothing: whatever is sent is not read.</summary>
    None,

    /// <summary>Every field that the path does not bind.</summary>
    Message,

    /// <summary>One field.</summary>
    Field,
}
