using Coordinator.Rest.V1;
using Google.Protobuf.Reflection;
using System.Collections.Concurrent;

namespace Coordinator.Gateway.Transcoding.Json;

/// <summary>The fields of every message with their dialects, worked out once.</summary>
internal static class Shapes
{
    private static readonly ConcurrentDictionary<MessageDescriptor, IReadOnlyList<FieldShape>> ByMessage = new();
    private static readonly ConcurrentDictionary<FieldDescriptor, FieldShape> ByField = new();

    /// <summary>In the order of their declaration.</summary>
    public static IReadOnlyList<FieldShape> Of(MessageDescriptor message) =>
        ByMessage.GetOrAdd(message, static message => [.. message.Fields.InDeclarationOrder().Select(Of)]);

    public static FieldShape Of(FieldDescriptor field) => ByField.GetOrAdd(field, static field => new(field));

    /// <summary>Throws an <see cref="InvalidOperationException"/> where a field of the method's messages has options that cannot be kept.</summary>
    public static void Check(MethodDescriptor method)
    {
        var seen = new HashSet<MessageDescriptor>();
        Check(method, method.InputType, seen);
        Check(method, method.OutputType, seen);
    }

    private static void Check(MethodDescriptor method, MessageDescriptor message, HashSet<MessageDescriptor> seen)
    {
        if (!seen.Add(message))
        {
            return;
        }

        foreach (var field in Of(message))
        {
            if (Fault(field) is { } fault)
            {
                throw new InvalidOperationException($"{method.FullName} has the field {field.Descriptor.FullName}, which {fault}.");
            }

            if (field.Shape == JsonShape.Message)
            {
                Check(method, field.Descriptor.MessageType, seen);
            }
        }
    }

    private static string? Fault(FieldShape field) => field switch
    {
        { Type: FieldType.Group } => "is a group",
        { Shape: JsonShape.Message } when field.Descriptor.MessageType.FullName is "google.protobuf.Any" or "google.protobuf.FieldMask" => $"is a {field.Descriptor.MessageType.FullName}",
        { Options.RawJson: not RawJson.Unspecified, Type: not FieldType.Bytes } => "is raw JSON and not bytes",
        { Options.Time: not TimeDigits.Unspecified, Shape: not (JsonShape.Milliseconds or JsonShape.Timestamp) } => "is written as a time and is neither int64 nor google.protobuf.Timestamp",
        { Options.NullIfUnset: true, HasPresence: false } => "is null where it is unset and has no presence",
        { Options.FilledBy: not FilledBy.Unspecified } when field.Shape != JsonShape.String || field.Descriptor.IsRepeated => "is filled by the gateway and no string",
        { Options.FilledBy: not FilledBy.Unspecified } when field.Rule.Required => "is filled by the gateway and required of the caller",
        { Rule.Format.Length: > 0 } when !Formats.IsKnown(field.Rule.Format) => $"has the unknown format '{field.Rule.Format}'",
        _ => null,
    };
}
