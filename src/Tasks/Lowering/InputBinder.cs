using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering.Float32;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>
/// Makes the steps that bring callers' elements into the arena: copied, quantised or looked up, and at the same time brought from the
/// caller's layout into that of the first reader.
/// </summary>
/// <param name="context">Where the steps go.</param>
/// <param name="options">How callers pass inputs.</param>
/// <param name="keepsStrings">Whether strings that the model does not hold are kept.</param>
internal sealed class InputBinder(LoweringContext context, BoundaryOptions options, bool keepsStrings)
{
    private readonly HashSet<Node> _absorbed = new(ReferenceEqualityComparer.Instance);

    /// <summary>Nodes whose work the bindings do.</summary>
    public IReadOnlySet<Node> Absorbed => _absorbed;

    /// <summary>The binding of a graph input; null where nothing reads it.</summary>
    /// <param name="input">The input's name.</param>
    /// <param name="signature">How the caller passes it.</param>
    public LoweredStep? Bind(string input, InputSignature signature)
    {
        Graph graph = context.Graph;
        if (Readers(input).Count == 0 && !graph.Outputs.Contains(input, StringComparer.Ordinal))
            return null;
        if (signature.Type == BoundaryType.String)
            return FromStrings(input);
        string target = input;
        var source = new Storage
        {
            // Only the strides count, in elements of the caller's: hence elements of one byte.
            Buffer = null,
            Origin = 0,
            Element = ElementType.UInt8,
            Dimensions = graph.TypeOf(input).Dimensions,
            Strides = [.. signature.SourceStrides],
        };
        int channelAxis = signature.ChannelAxis;
        while (Absorb(ref target, ref source, ref channelAxis))
        {
        }
        int[] sourceStrides = [.. source.Strides];
        // What the caller gets back as an output is what it passed, not what is left of it in integers.
        // So is what nodes read that run in float32, beside others that run in integers.
        ActivationQuantization? quantization = graph.Outputs.Contains(input, StringComparer.Ordinal) ? null
            : context.Quantization?.Values.GetValueOrDefault(target);
        if (quantization is { Type: ActivationType.U8 } && target == input && !context.IsReadQuantizedOnly(input))
            quantization = null;
        return signature.Type == BoundaryType.UInt8 && graph.TypeOf(input).Element == ElementType.Float32
            ? FromBytes(input, target, sourceStrides, channelAxis, quantization)
            : quantization is null ? Copied(input, target, sourceStrides) : FromFloats(input, target, sourceStrides, quantization);
    }

    /// <summary>
    /// Lets the binding do the work of the only reader of a value, where that transposes to channels-last or gives the same elements
    /// another shape.
    /// </summary>
    private bool Absorb(ref string target, ref Storage source, ref int channelAxis)
    {
        Graph graph = context.Graph;
        if (Readers(target) is not [var reader] || graph.Outputs.Contains(target, StringComparer.Ordinal)
            || reader.Inputs[0] != target)
            return false;
        if (context.Quantization?.Values.GetValueOrDefault(target) != context.Quantization?.Values.GetValueOrDefault(reader.Outputs[0]))
            return false;
        switch (reader.As<Operator>())
        {
            case TransposeOperator:
                int[] order = TransposeOperator.Order(OperatorContext.Of(graph, reader));
                Storage permuted = source.Permuted(order);
                if (!CanBeBound(permuted))
                    return false;
                source = permuted;
                channelAxis = Array.IndexOf(order, channelAxis);
                break;
            case ReshapingOperator:
                // Channels must still be an axis of their own where each has a table.
                ImmutableArray<int> to = graph.TypeOf(reader.Outputs[0]).Dimensions;
                int channels = channelAxis < 0 ? 1 : source.Dimensions[channelAxis];
                if (source.TryReshape(to) is not { } reshaped || !CanBeBound(reshaped)
                    || (channels > 1 && options.Adaptation.Scale.Length + options.Adaptation.Offset.Length > 2))
                    return false;
                source = reshaped;
                channelAxis = -1;
                break;
            default:
                return false;
        }
        _absorbed.Add(reader);
        target = reader.Outputs[0];
        return true;
    }

    // The bindings' kernels loop over four dimensions; ranks up to four may have a border in the way of merging.
    private static bool CanBeBound(Storage source) => source.Dimensions.Length <= 4
        || BoxShape.Of(source.Dimensions.AsSpan(), source.Strides,
            Storage.DenseStrides(source.Dimensions.AsSpan(), 1)).Dimensions.Length <= 3;

    private IReadOnlyList<Node> Readers(string value) => GraphIndex.Of(context.Graph).Readers(value);

    private LoweredStep Copied(string input, string target, int[] sourceStrides)
    {
        Storage storage = Target(target, null);
        BoxShape box = BoxShape.Of(storage.Dimensions.AsSpan(), sourceStrides, storage.Strides);
        if (box.Dimensions.Length == 0
            || (box.Dimensions.Length == 1 && box.Strides[0][0] == 1 && box.Strides[1][0] == storage.ElementSize))
            return Binding("InputCopy", "Run", input, storage).Write("destination", storage).Int("count", storage.Count);
        return Binding("InputCopy", "Permuted", input, storage)
            .Write("destination", storage)
            .Ints("dims", box.Dimensions)
            .Ints("sourceStrides", box.Strides[0])
            .Ints("destinationStrides", box.Strides[1]);
    }

    private LoweredStep FromStrings(string input)
    {
        Storage storage = context.Create(input);
        if (keepsStrings)
            return Binding("StringIntern", "Run", input, storage).Write("destination", storage).Int("count", storage.Count);
        return Binding("StringLookup", "Run", input, storage).Write("destination", storage).Int("count", storage.Count).Strings("table");
    }

    private LoweredStep FromFloats(string input, string target, int[] sourceStrides, ActivationQuantization quantization)
    {
        Storage storage = Target(target, quantization);
        (LoweredStep step, int[] extents) = Strided("QuantizeInput", "FromFloat32", input, storage, sourceStrides, keepChannels: false);
        step.Real("inverseScale", 1f / (float)quantization.Scale).Int("zeroPoint", quantization.ZeroPoint);
        return Extents(step, extents);
    }

    private LoweredStep FromBytes(string input, string target, int[] sourceStrides, int channelAxis, ActivationQuantization? quantization)
    {
        int channels = channelAxis < 0 ? 1 : context.Graph.TypeOf(target).Dimensions[channelAxis];
        int tables = Math.Max(Length("InputScale", options.Adaptation.Scale, input, channels),
            Length("InputOffset", options.Adaptation.Offset, input, channels));
        bool perChannel = tables > 1;
        Storage storage = Target(target, quantization);
        Storage written = storage;
        int rank = storage.Dimensions.Length;
        if (perChannel && channelAxis != rank - 1)
        {
            // Tables are looked up along the innermost dimension; another place of the channels takes a copy.
            int[] order = [.. Enumerable.Range(0, rank).Where(i => i != channelAxis), channelAxis];
            written = context.NewStorage(input + " channels last", storage.Element, [.. order.Select(i => storage.Dimensions[i])],
                quantization, Border.None);
            sourceStrides = [.. order.Select(i => sourceStrides[i])];
            var back = new int[rank];
            for (int i = 0; i < rank; i++)
                back[order[i]] = i;
            Storage view = written with
            {
                Dimensions = storage.Dimensions,
                Strides = [.. back.Select(i => written.Strides[i])],
            };
            context.Copy(input, view, storage, "channels to their place");
            written.Buffer!.IsInput = true;
        }
        string kernel = quantization is null ? "ScaleInput" : "QuantizeInput";
        (LoweredStep step, int[] extents) = Strided(kernel, "FromUInt8", input, written, sourceStrides, keepChannels: perChannel);
        int stride = perChannel ? 256 * storage.ElementSize : 0;
        step.Int("tables", Tables(perChannel ? channels : 1, quantization)).Int("tableStride", stride);
        return Extents(step, extents);
    }

    private int Tables(int channels, ActivationQuantization? quantization)
    {
        var reals = new float[256 * channels];
        for (int c = 0; c < channels; c++)
        {
            double scale = options.Adaptation.Scale[Math.Min(c, options.Adaptation.Scale.Length - 1)];
            double offset = options.Adaptation.Offset[Math.Min(c, options.Adaptation.Offset.Length - 1)];
            for (int b = 0; b < 256; b++)
                reals[(256 * c) + b] = (float)((b * scale) + offset);
        }
        if (quantization is null)
            return context.Weights.Add<float>(reals);
        return context.Weights.Add<byte>(NearestLevels.Of(reals, quantization));
    }

    private int Length(string metadata, ImmutableArray<double> values, string input, int channels) =>
        values.Length == 1 || values.Length == channels
            ? values.Length
            : throw new ModelException(
                DiagnosticCatalog.MetadataNotUnderstood, context.Graph.Name, metadata, string.Join(' ', values),
                $"input '{input}' has {channels} channels, so it takes one value or {channels}");

    private Storage Target(string value, ActivationQuantization? quantization)
    {
        Storage storage = quantization is null ? context.Create(value, bordered: true) : context.CreateQuantized(value, bordered: true);
        return storage;
    }

    private (LoweredStep Step, int[] Extents) Strided(
        string kernel, string method, string input, Storage storage, int[] sourceStrides, bool keepChannels)
    {
        // Where each channel has a table the innermost dimension must stay the channels; it is kept apart from the merging.
        int inner = keepChannels ? storage.Dimensions[^1] : 1;
        int outerRank = storage.Dimensions.Length - (keepChannels ? 1 : 0);
        BoxShape box = BoxShape.Of(storage.Dimensions.AsSpan()[..outerRank], sourceStrides[..outerRank], [.. storage.Strides[..outerRank]]);
        var extents = new List<int>(box.Dimensions);
        var from = new List<int>(box.Strides[0]);
        var to = new List<int>(box.Strides[1]);
        if (keepChannels)
        {
            extents.Add(inner);
            from.Add(sourceStrides[^1]);
            to.Add(storage.ElementSize);
        }
        else if (extents.Count == 0 || to[^1] != storage.ElementSize)
        {
            extents.Add(1);
            from.Add(1);
            to.Add(storage.ElementSize);
        }
        if (extents.Count > 4)
            throw new ModelException(DiagnosticCatalog.NoKernel, input, "input", $"a layout of {extents.Count} dimensions cannot be bound");
        while (extents.Count < 4)
        {
            extents.Insert(0, 1);
            from.Insert(0, 0);
            to.Insert(0, 0);
        }
        LoweredStep step = Binding(kernel, method, input, storage)
            .Int("sourceImageStride", from[0])
            .Int("sourceRowStride", from[1])
            .Int("sourcePixelStride", from[2])
            .Int("sourceChannelStride", from[3])
            .Write("output", storage)
            .Int("outputImageStride", to[0])
            .Int("outputRowStride", to[1])
            .Int("outputPixelStride", to[2]);
        return (step, [.. extents]);
    }

    private static LoweredStep Extents(LoweredStep step, int[] extents) =>
        step.Int("images", extents[0]).Int("height", extents[1]).Int("width", extents[2]).Int("channels", extents[3]);

    private LoweredStep Binding(string kernel, string method, string input, Storage storage)
    {
        storage.Buffer!.IsInput = true;
        return new LoweredStep(kernel, method, input, "input " + context.Graph.TypeOf(input), 0);
    }
}
