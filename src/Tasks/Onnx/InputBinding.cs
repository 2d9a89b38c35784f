using System.Collections.Immutable;
using System.Globalization;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx.Schema;

namespace OptimizerBuild.Onnx;

/// <summary>
/// Settles the types of a model's inputs: what <c>Shapes</c> says, what other inputs say of the same symbolic dimension, and a
/// batch of 1 for a leading dimension that is still open.
/// </summary>
internal sealed class InputBinding
{
    private readonly ImportOptions _options;
    private readonly IReadOnlyList<ValueInfoProto> _inputs;
    private readonly Dictionary<string, int> _symbols = new(StringComparer.Ordinal);
    private readonly HashSet<string> _sequences = new(StringComparer.Ordinal);

    /// <summary>Takes the user's shapes and checks that they and the model's inputs belong together.</summary>
    /// <exception cref="ModelException">A name is not an input's, or a shape contradicts the model.</exception>
    public InputBinding(IReadOnlyList<ValueInfoProto> inputs, ImportOptions options)
    {
        _options = options;
        _inputs = inputs;
        string names = string.Join(", ", inputs.Select(i => i.Name));
        foreach (ValueInfoProto input in inputs.Where(i => IsSequence(i.Type)))
            _sequences.Add(input.Name);
        foreach (string name in options.Shapes.Keys.Concat(options.Constants.Keys))
            if (!inputs.Any(i => i.Name == name) && !IsElement(name))
                throw Unbound(name, $"the model has no such input; its inputs are: {names}");
        foreach (ValueInfoProto input in inputs)
            if (Given(input.Name) is { } given && input.Type?.TensorType?.Shape is { } shape)
                Record(input.Name, shape, given);
        // An open leading dimension is the batch, wherever else its name occurs.
        foreach (ValueInfoProto input in inputs)
            if (input.Type?.TensorType?.Shape?.Dim is [{ HasDimParam: true, DimParam.Length: > 0 } batch, ..])
                _symbols.TryAdd(batch.DimParam, 1);
    }

    /// <summary>
    /// The options with lists of values (what <c>Constants</c> can say) brought into the shapes that the model declares: a scalar, or
    /// dimensions of which one follows from the number of values. Lists that do not fit stay as they are, to be refused later.
    /// </summary>
    public static ImportOptions WithShapedConstants(IReadOnlyList<ValueInfoProto> inputs, ImportOptions options)
    {
        foreach (ValueInfoProto input in inputs)
            if (options.Constants.TryGetValue(input.Name, out Tensor? constant) && constant.Rank == 1
                && input.Type?.TensorType?.Shape is { } shape && Fitting(shape, constant.Count) is { } dimensions)
                options = options.WithConstant(input.Name, constant.Reshape(dimensions));
        return options;
    }

    private static int[]? Fitting(TensorShapeProto shape, int count)
    {
        long known = shape.Dim.Where(IsFixed).Aggregate(1L, (product, d) => product > count ? product : product * d.DimValue);
        int open = shape.Dim.Count(d => !IsFixed(d));
        if (known <= 0 || count % known != 0 || (open == 0 && known != count))
            return null;

        // The last open dimension takes what the others, which are batches, leave.
        long rest = count / known;
        return [.. shape.Dim.Select(d => IsFixed(d) ? (int)d.DimValue : --open == 0 ? (int)rest : 1)];
    }

    /// <summary>The name of an element of a sequence, as <c>Shapes</c> and the generated code have it.</summary>
    public static string ElementName(string sequence, int index) => string.Create(CultureInfo.InvariantCulture, $"{sequence}_{index}");

    /// <summary>How many elements an input that is a sequence has: as many as <c>Shapes</c> names.</summary>
    /// <exception cref="ModelException"><c>Shapes</c> names none and does not say that there are none.</exception>
    public int LengthOf(string sequence)
    {
        if (IsAbsent(sequence))
            return 0;
        int length = 0;
        while (_options.Shapes.ContainsKey(ElementName(sequence, length)))
            length++;
        return length > 0 ? length : throw Unbound(sequence,
            $"it is a sequence whose length is open: give the shape of each element, as in Shapes=\"{ElementName(sequence, 0)}=2,3;"
                + $"{ElementName(sequence, 1)}=4,3\", or Shapes=\"{sequence}=none\" for an empty one");
    }

    /// <summary>Whether <c>Shapes</c> says that a sequence is empty, or that an optional value is absent.</summary>
    public bool IsAbsent(string input) => _options.Shapes.TryGetValue(input, out ImmutableArray<int> given) && given.IsDefault;

    /// <summary>The concrete type of an input, or of an element of one.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">What the model says of it.</param>
    /// <exception cref="ModelException">A dimension stays open, or it is no tensor of a supported type.</exception>
    public TensorType TypeOf(string name, TypeProto? type)
    {
        if (type?.TensorType is not { } tensor)
            throw new ModelException(DiagnosticCatalog.UnsupportedElementType, name, Kind(type),
                "inputs must be tensors, or sequences and optional values of tensors");
        ElementType element = TensorProtoReader.ElementTypeOf(tensor.ElemType, name);
        ImmutableArray<int>? given = Given(name);
        if (IsAbsent(name))
            throw Unbound(name, "it is a tensor, which cannot be absent ('none')");
        if (tensor.Shape is not { } shape)
        {
            return given is { } all
                ? Checked(name, element, [.. all])
                : throw Unbound(name, "the model gives it no shape at all; write " + Remedy());
        }
        if (given is { } list && list.Length != shape.Dim.Count)
            throw Unbound(name,
                $"the given shape [{string.Join(',', list)}] has {list.Length} dimensions, the model's has {shape.Dim.Count}");
        var dimensions = new long[shape.Dim.Count];
        for (int i = 0; i < dimensions.Length; i++)
        {
            TensorShapeProto.Types.Dimension d = shape.Dim[i];
            dimensions[i] = given is { } values
                ? values[i]
                : IsFixed(d) ? d.DimValue
                : d.HasDimParam && _symbols.TryGetValue(d.DimParam, out int bound) ? bound
                : i == 0 ? 1
                : throw Unbound(name, $"{Describe(d, i)} has no value; write {Remedy()}");
        }
        if (_options.Rows is { } rows && dimensions is [1, ..])
            dimensions[0] = rows;
        return Checked(name, element, dimensions);
    }

    // An element of a sequence has the sequence's name with its number behind it.
    private bool IsElement(string name)
    {
        int end = name.LastIndexOf('_');
        return end > 0 && _sequences.Contains(name[..end])
            && int.TryParse(name.AsSpan(end + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int index)
            && index < LengthOf(name[..end]) && ElementName(name[..end], index) == name;
    }

    private static bool IsSequence(TypeProto? type) => type?.ValueCase switch
    {
        TypeProto.ValueOneofCase.SequenceType => true,
        TypeProto.ValueOneofCase.OptionalType => IsSequence(type.OptionalType.ElemType),
        _ => false,
    };

    private static TensorType Checked(string name, ElementType element, params ReadOnlySpan<int> dimensions)
    {
        var wide = new long[dimensions.Length];
        for (int i = 0; i < wide.Length; i++)
            wide[i] = dimensions[i];
        return Checked(name, element, wide);
    }

    private static TensorType Checked(string name, ElementType element, long[] dimensions)
    {
        var type = TensorType.Of(element, TensorProtoReader.Dimensions(dimensions, name));
        return (long)type.Count * element.Size() <= TensorProtoReader.MaximumBytes
            ? type
            : throw new ModelException(DiagnosticCatalog.ModelTooLarge, $"input '{name}'", type, $"{TensorProtoReader.MaximumBytes} bytes");
    }

    private void Record(string name, TensorShapeProto shape, ImmutableArray<int> given)
    {
        if (given.Length != shape.Dim.Count)
            throw Unbound(name,
                $"the given shape [{string.Join(',', given)}] has {given.Length} dimensions, the model's has {shape.Dim.Count}");
        for (int i = 0; i < given.Length; i++)
        {
            TensorShapeProto.Types.Dimension d = shape.Dim[i];
            // A fixed leading dimension other than the given one is still a contradiction: the graph may depend on it.
            if (IsFixed(d) && d.DimValue != given[i])
                throw Unbound(name, string.Create(CultureInfo.InvariantCulture,
                    $"dimension {i} is {d.DimValue} in the model but {given[i]} in the given shape"));
            if (given[i] < 0)
                throw Unbound(name, string.Create(CultureInfo.InvariantCulture, $"dimension {i} of the given shape is {given[i]}"));
            if (!d.HasDimParam || d.DimParam.Length == 0)
                continue;
            if (_symbols.TryGetValue(d.DimParam, out int other) && other != given[i])
                throw Unbound(name, string.Create(CultureInfo.InvariantCulture,
                    $"the symbolic dimension '{d.DimParam}' is {given[i]} here but {other} in another input"));
            _symbols[d.DimParam] = given[i];
        }
    }

    private ImmutableArray<int>? Given(string name) =>
        _options.Shapes.TryGetValue(name, out ImmutableArray<int> given) && !given.IsDefault
        ? given
        : _options.Constants.TryGetValue(name, out Tensor? constant) ? constant.Dimensions
        : null;

    // Some exporters write an open dimension as −1, or as 0 where it cannot be meant.
    private static bool IsFixed(TensorShapeProto.Types.Dimension d) => d.HasDimValue && d.DimValue >= 0;

    private static string Describe(TensorShapeProto.Types.Dimension d, int index) =>
        d.HasDimParam && d.DimParam.Length > 0
            ? string.Create(CultureInfo.InvariantCulture, $"dimension {index} ('{d.DimParam}')")
            : string.Create(CultureInfo.InvariantCulture, $"dimension {index}");

    // The metadata to write: what is known as numbers, what is open by its name.
    private string Remedy()
    {
        var open = new List<string>();
        string[] shapes = [.. _inputs.Where(IsOpen).Select(input => input.Name + "=" + (input.Type.TensorType.Shape is { } shape
            ? string.Join(',', shape.Dim.Select((d, i) => Given(input.Name) is { } given && i < given.Length
                ? given[i].ToString(CultureInfo.InvariantCulture) : Size(d, i)))
            : Open("dimensions")))];
        return $"Shapes=\"{string.Join(';', shapes)}\" with {(open.Count == 1 ? "a number" : "numbers")} in place of "
            + string.Join(", ", open);

        bool IsOpen(ValueInfoProto input) => input.Type?.TensorType is { } tensor && Given(input.Name) is null
            && (tensor.Shape is null || tensor.Shape.Dim.Any(d => !IsFixed(d)));

        string Size(TensorShapeProto.Types.Dimension d, int index) =>
            IsFixed(d) ? d.DimValue.ToString(CultureInfo.InvariantCulture)
            : d.HasDimParam && _symbols.TryGetValue(d.DimParam, out int bound) ? bound.ToString(CultureInfo.InvariantCulture)
            : index == 0 ? "1"
            : Open(d.HasDimParam && d.DimParam.Length > 0 ? d.DimParam : string.Create(CultureInfo.InvariantCulture, $"d{index}"));

        string Open(string name)
        {
            if (!open.Contains(name))
                open.Add(name);
            return name;
        }
    }

    private static string Kind(TypeProto? type) => type?.ValueCase switch
    {
        TypeProto.ValueOneofCase.SequenceType => "sequence",
        TypeProto.ValueOneofCase.MapType => "map",
        TypeProto.ValueOneofCase.OptionalType => "optional",
        TypeProto.ValueOneofCase.SparseTensorType => "sparse tensor",
        _ => "unknown",
    };

    private static ModelException Unbound(string input, string reason) => new(DiagnosticCatalog.UnboundDimension, input, reason);
}
