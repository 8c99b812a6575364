using Google.Protobuf.Reflection;
using System.Globalization;

namespace Coordinator.Gateway.Transcoding.Json;

/// <summary>Numbers from their own text, without a detour that would round them.</summary>
internal static class Numbers
{
    /// <summary>Null where a violation was added.</summary>
    public static object? Read(FieldShape field, string text, Violations violations) =>
        field.Shape != JsonShape.Number ? Integer(field, text, violations)
        : Floating(field, text, violations) is not { } value ? null
        : field.Type == FieldType.Float ? (object)(float)value
        : value;

    private static object? Integer(FieldShape field, string text, Violations violations)
    {
        var rough = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        if (!decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
        {
            // Beyond 28 digits it is beyond every integer as well.
            value = rough < 0 ? decimal.MinValue : decimal.MaxValue;
        }
        else if ((double.IsFinite(rough) && Math.Floor(rough) != rough) || decimal.Floor(value) != value)
        {
            // 1.0 and 1e3 are integers all the same.
            violations.Add(ViolationKind.NotAnInteger);
            return null;
        }

        var (min, max) = (Math.Max(field.Min, field.Rule.HasMin ? field.Rule.Min : field.Min), Math.Min(field.Max, field.Rule.HasMax ? field.Rule.Max : field.Max));
        return IsWithin(value, min, max, violations) ? Convert(field, value) : null;
    }

    private static double? Floating(FieldShape field, string text, Violations violations)
    {
        var value = double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
        var most = field.Type == FieldType.Float ? float.MaxValue : double.MaxValue;
        if (Math.Abs(value) > most)
        {
            violations.Other($"Too big: expected number to be within {most.ToString("R", CultureInfo.InvariantCulture)}");
            return null;
        }

        if (field.Rule.HasMin && value < field.Rule.Min)
        {
            violations.Add(ViolationKind.TooSmall, field.Rule.Min);
            return null;
        }

        if (field.Rule.HasMax && value > field.Rule.Max)
        {
            violations.Add(ViolationKind.TooBig, field.Rule.Max);
            return null;
        }

        return value;
    }

    private static bool IsWithin(decimal value, decimal min, decimal max, Violations violations)
    {
        if (value < min)
        {
            violations.Add(ViolationKind.TooSmall, min);
        }
        else if (value > max)
        {
            violations.Add(ViolationKind.TooBig, max);
        }

        return value >= min && value <= max;
    }

    private static object Convert(FieldShape field, decimal value) => field.Type switch
    {
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => (int)value,
        FieldType.UInt32 or FieldType.Fixed32 => (uint)value,
        FieldType.UInt64 or FieldType.Fixed64 => (ulong)value,
        FieldType.Enum => Enum.ToObject(field.Descriptor.EnumType.ClrType, (int)value),
        _ => (long)value,
    };
}
