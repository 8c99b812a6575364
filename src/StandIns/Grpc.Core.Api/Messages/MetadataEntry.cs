using System.Text;

namespace Grpc.Core;

public sealed partial class Metadata
{
    /// <summary>A key with a text value, or with bytes where the key ends in -bin. It cannot be changed.</summary>
    public class Entry
    {
        private readonly string? _text;
        private readonly byte[]? _bytes;

        public Entry(string key, string value)
        {
            ArgumentNullException.ThrowIfNull(value);
            Key = Normalize(key);
            _text = IsBinary ? throw new ArgumentException("A key that ends in -bin takes bytes", nameof(value)) : value;
        }

        public Entry(string key, byte[] valueBytes)
        {
            ArgumentNullException.ThrowIfNull(valueBytes);
            Key = Normalize(key);
            _bytes = IsBinary ? [.. valueBytes] : throw new ArgumentException("A key that does not end in -bin takes text", nameof(valueBytes));
        }

        /// <summary>In lower case.</summary>
        public string Key { get; }

        public bool IsBinary => Key.EndsWith(BinaryHeaderSuffix, StringComparison.Ordinal);

        public string Value => _text ?? throw new InvalidOperationException($"The value of {Key} is binary");

        /// <summary>A copy of the bytes, or the text in ASCII.</summary>
        public byte[] ValueBytes => _bytes is null ? Encoding.ASCII.GetBytes(_text!) : [.. _bytes];

        public override string ToString() => $"{Key}: {_text ?? Convert.ToHexString(_bytes!)}";

        internal bool Is(string key) => string.Equals(Key, key, StringComparison.OrdinalIgnoreCase);

        private static string Normalize(string key)
        {
            ArgumentNullException.ThrowIfNull(key);
            return key.All(IsAllowed)
                ? key.ToLowerInvariant()
                : throw new ArgumentException($"The metadata key '{key}' may hold letters, digits, '.', '_' and '-' only", nameof(key));
        }

        private static bool IsAllowed(char character) => char.IsAsciiLetterOrDigit(character) || character is '.' or '_' or '-';
    }
}
