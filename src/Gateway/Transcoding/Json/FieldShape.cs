using Coordinator.Rest.V1;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Field = Coordinator.Rest.V1.Field;

namespace Coordinator.Gateway.Transcoding.Json;

/// <summary>What a field is in JSON.</summary>
internal enum JsonShape
{
    Boolean,
    Integer,
    Number,
    String,
    Enum,

    /// <summary>Bytes as base64.</summary>
    Base64,

    /// <summary>Bytes that hold JSON text.</summary>
    Raw,

    /// <summary>int64 milliseconds as ISO 8601.</summary>
    Milliseconds,
    Timestamp,
    Duration,

    /// <summary>Struct, Value or ListValue: any JSON.</summary>
    Dynamic,
    Message,
}

/// <summary>One field with its dialect. Of a repeated field it speaks of each element.</summary>
internal sealed class FieldShape
{
    private static readonly Field NoOptions = new();
    private static readonly Rule NoRule = new();

    public FieldShape(FieldDescriptor field)
    {
        Descriptor = field;
        Options = field.GetOptions()?.GetExtension(OptionsExtensions.Field) ?? NoOptions;
        Rule = Options.Rule ?? NoRule;
        // A wrapper message is what it wraps, with presence.
        Type = IsWrapper(field) ? field.MessageType.FindFieldByNumber(1).FieldType : field.FieldType;
        Shape = ShapeOf(field, Type, Options);
        (Min, Max) = Range(Type);
    }

    public FieldDescriptor Descriptor { get; }

    public Field Options { get; }

    public Rule Rule { get; }

    public FieldType Type { get; }

    public JsonShape Shape { get; }

    /// <summary>Whether the gateway fills it: then nothing that came from outside may.</summary>
    public bool IsFilled => Options.FilledBy != FilledBy.Unspecified;

    /// <summary>What an integer of the type can be.</summary>
    public decimal Min { get; }

    public decimal Max { get; }

    public string JsonName => Descriptor.JsonName;

    public bool HasPresence => !Descriptor.IsRepeated && Descriptor.HasPresence;

    public bool Is64Bit => Type is FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 or FieldType.UInt64 or FieldType.Fixed64;

    /// <summary>The type of the element in the words of a violation.</summary>
    public string Expected => Shape switch
    {
        JsonShape.Boolean => "boolean",
        JsonShape.Integer or JsonShape.Number => "number",
        JsonShape.Message => "object",
        JsonShape.Raw when Options.RawJson == RawJson.Object => "object",
        JsonShape.Dynamic when Descriptor.MessageType.FullName == Struct.Descriptor.FullName => "object",
        JsonShape.Dynamic when Descriptor.MessageType.FullName == ListValue.Descriptor.FullName => "array",
        JsonShape.Dynamic or JsonShape.Raw => "nonoptional",
        _ => "string",
    };

    /// <summary>The type of the whole field.</summary>
    public string ExpectedWhole => Descriptor.IsMap ? "object" : Descriptor.IsRepeated ? "array" : Expected;

    private static bool IsWrapper(FieldDescriptor field) =>
        field.FieldType == FieldType.Message && field.MessageType.File.Name == WrappersReflection.Descriptor.Name;

    private static JsonShape ShapeOf(FieldDescriptor field, FieldType type, Field options) => type switch
    {
        FieldType.Bool => JsonShape.Boolean,
        FieldType.String => JsonShape.String,
        FieldType.Bytes => options.RawJson == RawJson.Unspecified ? JsonShape.Base64 : JsonShape.Raw,
        FieldType.Enum => JsonShape.Enum,
        FieldType.Float or FieldType.Double => JsonShape.Number,
        FieldType.Message => field.MessageType.FullName switch
        {
            "google.protobuf.Timestamp" => JsonShape.Timestamp,
            "google.protobuf.Duration" => JsonShape.Duration,
            "google.protobuf.Struct" or "google.protobuf.Value" or "google.protobuf.ListValue" => JsonShape.Dynamic,
            _ => JsonShape.Message,
        },
        FieldType.Int64 when options.Time != TimeDigits.Unspecified => JsonShape.Milliseconds,
        _ => JsonShape.Integer,
    };

    private static (decimal Min, decimal Max) Range(FieldType type) => type switch
    {
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 or FieldType.Enum => (int.MinValue, int.MaxValue),
        FieldType.UInt32 or FieldType.Fixed32 => (uint.MinValue, uint.MaxValue),
        FieldType.UInt64 or FieldType.Fixed64 => (ulong.MinValue, ulong.MaxValue),
        _ => (long.MinValue, long.MaxValue),
    };
}
