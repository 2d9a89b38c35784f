using System.Text.Json;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Data;

/// <summary>
/// Reads JSON lines (jsonlines.org): each line is an object, a sample; each of its properties is an input or the label, a number, a truth
/// value, a text or nested arrays of such, of the same shape in all lines.
/// </summary>
internal static class JsonLinesReader
{
    private const int MaximumDepth = 17;

    // What a parser makes of a line takes many times its length.
    private const int MaximumLine = 1 << 24;
    private const int MaximumProperties = 4096;

    /// <summary>Reads a file: one array for each property, with a row for each line.</summary>
    /// <param name="reader">The reader with the limits.</param>
    /// <param name="stream">The file.</param>
    /// <param name="limits">How much memory the arrays may take.</param>
    /// <param name="cancellation">Stops the reading; checked between lines.</param>
    public static List<NamedArray> Read(BoundedReader reader, Stream stream, DataLimits limits, CancellationToken cancellation)
    {
        var columns = new List<Column>();
        using var text = new StreamReader(stream);
        var lines = new BoundedLines(text, MaximumLine);
        int rows = 0;
        while (lines.Next() is { } line)
        {
            cancellation.ThrowIfCancellationRequested();
            if (string.IsNullOrWhiteSpace(line))
                continue;
            Append(reader, columns, line, lines.Number, rows++, limits);
        }
        if (lines.IsTooLong)
            throw reader.Malformed($"line {lines.Number} has more than {MaximumLine} characters");
        return rows == 0 ? throw reader.Malformed("it has no lines") : [.. columns.Select(c => c.ToArray(reader, rows))];
    }

    private static void Append(BoundedReader reader, List<Column> columns, string line, int number, int row, DataLimits limits)
    {
        try
        {
            using var document = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = MaximumDepth });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw reader.Malformed($"line {number} is no object of JSON, such as {{\"x\": [1, 2], \"y\": 0}}");
            int found = 0;
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                string name = NameOf(reader, property, number);
                Column? column = columns.Find(c => c.Name == name);
                if (column is null && row == 0)
                    columns.Add(column = new Column(name));
                if (columns.Count > MaximumProperties)
                    throw reader.Malformed($"line {number} has more than {MaximumProperties} properties");
                if (column is null || column.Rows != row)
                    throw reader.Malformed($"line {number} has '{name}' {(column is null ? "unlike the first one" : "twice")}");
                column.Append(reader, property.Value, number);
                found++;
            }
            if (found != columns.Count)
                throw reader.Malformed($"line {number} lacks '{columns.First(c => c.Rows == row).Name}'");
            if (columns.Sum(c => c.Bytes) > limits.MaximumTotalBytes || columns.Exists(c => c.Bytes > limits.MaximumArrayBytes))
                throw reader.Malformed($"its arrays take more than the {limits.MaximumArrayBytes} bytes that are read (at line {number})");
        }
        catch (JsonException e)
        {
            throw reader.Malformed($"line {number} is not JSON, at position {e.BytePositionInLine}");
        }
    }

    private static string NameOf(BoundedReader reader, JsonProperty property, int line)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            throw reader.Malformed($"line {line} has a property whose name is not valid text");
        }
    }

    /// <summary>The values of one property, line after line.</summary>
    private sealed class Column(string name)
    {
        private readonly List<double> _numbers = [];
        private readonly List<long> _integers = [];
        private readonly List<string> _texts = [];
        private readonly List<int> _current = [];
        private int? _depth;
        private int[]? _shape;
        private JsonValueKind _kind;
        private bool _isWhole = true;
        private long _textBytes;

        public string Name => name;

        public int Rows { get; private set; }

        public long Bytes => (sizeof(double) * (long)(_numbers.Count + _integers.Count)) + _textBytes;

        public void Append(BoundedReader reader, JsonElement value, int line)
        {
            _current.Clear();
            _depth = null;
            Descend(reader, value, 0, line);
            if (_depth is { } depth && depth != _current.Count)
                throw reader.Malformed($"line {line} has values beside arrays in '{name}'");
            int[] shape = [.. _current];
            _shape ??= shape;
            if (!_shape.AsSpan().SequenceEqual(shape))
                throw reader.Malformed($"line {line} has {Describe(shape)} in '{name}', where the first one has {Describe(_shape)}");
            Rows++;
        }

        public NamedArray ToArray(BoundedReader reader, int rows)
        {
            ElementType element = _kind == JsonValueKind.String ? ElementType.String : _kind == JsonValueKind.True ? ElementType.Bool
                : _isWhole ? ElementType.Int64 : ElementType.Float64;
            TensorType type = reader.Type(element, [rows, .. _shape!.Select(d => (long)d)], $"'{name}'", long.MaxValue);
            Array data = element switch
            {
                ElementType.String => _texts.ToArray(),
                ElementType.Bool => _integers.Select(i => i != 0).ToArray(),
                ElementType.Int64 => _integers.ToArray(),
                _ => _numbers.ToArray(),
            };
            return new(name, new Tensor(type, data));
        }

        // Arrays of one depth must all be of one length, and all values lie at one depth.
        private void Descend(BoundedReader reader, JsonElement value, int depth, int line)
        {
            if (value.ValueKind != JsonValueKind.Array)
            {
                if ((_depth ??= depth) != depth)
                    throw reader.Malformed($"line {line} has values beside arrays in '{name}'");
                Take(reader, value, line);
                return;
            }
            int length = value.GetArrayLength();
            if (_current.Count == depth)
                _current.Add(length);
            else if (_current[depth] != length)
                throw reader.Malformed($"line {line} has arrays of {_current[depth]} and of {length} in '{name}'");
            foreach (JsonElement item in value.EnumerateArray())
                Descend(reader, item, depth + 1, line);
        }

        private void Take(BoundedReader reader, JsonElement value, int line)
        {
            JsonValueKind kind = value.ValueKind == JsonValueKind.False ? JsonValueKind.True : value.ValueKind;
            if (kind is not (JsonValueKind.Number or JsonValueKind.String or JsonValueKind.True))
                throw reader.Malformed($"line {line} has {value.ValueKind.ToString().ToLowerInvariant()} in '{name}'; numbers, texts, "
                    + "true and false are read");
            if (_kind is JsonValueKind.Undefined)
                _kind = kind;
            if (_kind != kind)
                throw reader.Malformed($"line {line} has {kind.ToString().ToLowerInvariant()} in '{name}', where others have "
                    + $"{_kind.ToString().ToLowerInvariant()}");
            switch (kind)
            {
                case JsonValueKind.String:
                    string text = Text(reader, value, line);
                    _texts.Add(text);
                    _textBytes += 32 + (2L * text.Length);
                    break;
                case JsonValueKind.True:
                    _integers.Add(value.ValueKind == JsonValueKind.True ? 1 : 0);
                    break;
                default:
                    Number(reader, value, line);
                    break;
            }
        }

        private string Text(BoundedReader reader, JsonElement value, int line)
        {
            try
            {
                return value.GetString()!;
            }
            catch (InvalidOperationException)
            {
                throw reader.Malformed($"line {line} has a text in '{name}' that is not valid");
            }
        }

        // Whole numbers stay what they are as long as there are no others.
        private void Number(BoundedReader reader, JsonElement value, int line)
        {
            if (_isWhole && value.TryGetInt64(out long whole))
            {
                _integers.Add(whole);
                return;
            }
            if (_isWhole)
            {
                _numbers.AddRange(_integers.Select(i => (double)i));
                _integers.Clear();
                _isWhole = false;
            }
            if (!value.TryGetDouble(out double number) || !double.IsFinite(number))
                throw reader.Malformed($"line {line} has a number in '{name}' that is too large");
            _numbers.Add(number);
        }

        private static string Describe(int[] shape) => shape.Length == 0 ? "one value" : "an array of " + string.Join('×', shape);
    }
}
