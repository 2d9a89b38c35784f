using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering.Float32;
using OptimizerBuild.Lowering.Trees;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Recurrent;

namespace OptimizerBuild.Lowering;

/// <summary>
/// What lowerings work on: the graph and its quantisation, where every value lies so far, the steps and the weights. A value may lie
/// in several representations: in its own elements and quantised, dense and with a border; those beyond the producer's are made on
/// demand by conversion steps, once each.
/// </summary>
internal sealed class LoweringContext
{
    private readonly Stack<LoweringScope> _around = new();
    private readonly List<(string Name, Storage Storage)> _values = [];
    private LoweringScope _scope;
    private readonly HashSet<string> _bufferNames = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _equalNames = new(StringComparer.Ordinal);
    private readonly List<Storage> _openBorders = [];
    private readonly List<LoweredOperation> _steps = [];
    private readonly List<ArenaBuffer> _buffers = [];
    private readonly List<WeightSection> _sections = [];

    /// <summary>Starts with no steps.</summary>
    /// <param name="graph">The graph: channels-last, fused.</param>
    /// <param name="quantization">How it is quantised; null for float32 throughout.</param>
    /// <param name="weights">Packed weights to add to; null to begin with none.</param>
    public LoweringContext(Graph graph, GraphQuantization? quantization, WeightsBlob? weights = null)
    {
        _scope = new LoweringScope(graph, quantization);
        Weights = weights ?? new();
    }

    /// <summary>The graph, or the body of control flow that is being lowered.</summary>
    public Graph Graph => _scope.Graph;

    /// <summary>The quantisation; null for float32 throughout, as in bodies.</summary>
    public GraphQuantization? Quantization => _scope.Quantization;

    /// <summary>Stops the work.</summary>
    public CancellationToken Cancellation { get; init; }

    /// <summary>Whether layers keep to forms that take no more memory than the plan says on any processor.</summary>
    public bool SavesMemory { get; init; }

    /// <summary>The packed weights.</summary>
    public WeightsBlob Weights { get; }

    /// <summary>
    /// For each integer dot product so far whether its packed weights prove that sums of two neighbouring products fit into 16 bits.
    /// </summary>
    public SortedDictionary<string, bool> PairSumsBounded { get; } = new(StringComparer.Ordinal);

    /// <summary>The layers' weights so far, in the order in which they were packed.</summary>
    public IReadOnlyList<WeightSection> Sections => _sections;

    /// <summary>The tree ensembles so far, in the order in which they were packed.</summary>
    public List<PackedTrees> Trees { get; } = [];

    /// <summary>The steps and the boundaries of blocks so far.</summary>
    public IReadOnlyList<LoweredOperation> Steps => _steps;

    /// <summary>The buffers so far.</summary>
    public IReadOnlyList<ArenaBuffer> Buffers => _buffers;

    /// <summary>The values of the graph and of bodies, as their producers left them, in the order in which they are computed.</summary>
    public IReadOnlyList<(string Name, Storage Storage)> Values => _values;

    /// <summary>Values whose signs lie in memory as bits.</summary>
    public List<SignPlaneStorages> SignPlanes => _scope.SignPlanes;

    /// <summary>The errors of nodes that no kernel computes.</summary>
    public List<Diagnostic> Missing { get; } = [];

    /// <summary>Whether a node runs in integers.</summary>
    public bool IsInteger(Node node) => Quantization?.Nodes.GetValueOrDefault(node.Name)?.Integer ?? false;

    /// <summary>The quantisation of a value.</summary>
    /// <exception cref="InvalidOperationException">The quantiser gave it none.</exception>
    public ActivationQuantization QuantizationOf(string value) =>
        Quantization?.Values.GetValueOrDefault(value) ?? throw new InvalidOperationException($"value '{value}' has no quantisation");

    /// <summary>The multiply-accumulates of a node.</summary>
    public long Macs(Node node) => OperatorRegistry.Of(node).MultiplyAccumulates(OperatorContext.Of(Graph, node));

    /// <summary>The error of a form of a node that no kernel covers.</summary>
    public static ModelException NoKernel(Node node, string reason) => new(DiagnosticCatalog.NoKernel, node.Name, node.OpType, reason);

    /// <summary>Adds the boundary of a block.</summary>
    public void Add(BlockBoundary boundary) => _steps.Add(boundary);

    /// <summary>
    /// Turns to a body of control flow, whose block has begun. Until what this returns is disposed of names are those of the body; what
    /// the body converted or copied for itself is not there where it does not run.
    /// </summary>
    /// <param name="body">The body.</param>
    /// <param name="arguments">Where its inputs lie, in its order; null for those that it does not read.</param>
    public IDisposable EnterBody(Graph body, IReadOnlyList<Storage?> arguments)
    {
        _around.Push(_scope);
        _scope = new LoweringScope(body, _scope);
        for (int i = 0; i < body.Inputs.Length; i++)
            if (arguments[i] is { } argument)
                Alias(body.Inputs[i], argument);
        return new Body(this);
    }

    /// <summary>Adds a kernel call; the caller adds its arguments in the order of the method's parameters.</summary>
    public LoweredStep Step(string kernel, string method, Node node, string description, long macs = 0) =>
        Step(kernel, method, node.Name, description, macs);

    /// <summary>Adds a kernel call.</summary>
    public LoweredStep Step(string kernel, string method, string node, string description, long macs = 0)
    {
        var step = new LoweredStep(kernel, method, node, description, macs);
        _steps.Add(step);
        return step;
    }

    /// <summary>Packs a layer's constant weights in the form that the layer has, into the blob.</summary>
    /// <param name="node">The layer's node.</param>
    /// <param name="shape">The layer.</param>
    /// <param name="weights">[groups · outputs][inputs][taps], of the form's type.</param>
    /// <param name="packed">The packed weights.</param>
    public WeightSection AddLayer(Node node, LayerShape shape, Tensor weights, out byte[] packed)
    {
        // Its number of rows the first time is what chooses; whether it runs in integers or on bits, its own graph says.
        LayerShape choosing = Weights.Layers.GetValueOrDefault(node.Name) is { } known && known.Serves(shape, weights) ? known.Shape
            : shape;
        WeightStorage storage = WeightStorage.Of(this, node, choosing, weights);
        Weights.Layers.TryAdd(node.Name, new(shape, weights));
        packed = storage.Pack(shape, weights);
        var section = new WeightSection(
            node.Name, storage, shape, Weights.Add(packed, storage.Parts(shape, packed.Length)), packed.Length);
        _sections.Add(section);
        return section;
    }

    /// <summary>A value in its own elements (float32 for quantised ones), in any layout; constants lie in the weights.</summary>
    public Storage Read(Node node, string value)
    {
        if (Graph.Constant(value) is { } constant)
            return ConstantStorage(value, constant);
        Storage storage = Primary(value);
        if (storage.Quantization is null)
            return storage;
        return _scope.Converted.TryGetValue((value, false), out Storage? done) ? done
            : _scope.Converted[(value, false)] = Dequantized(node.Name, value, storage);
    }

    /// <summary>A value in its quantised form, in any layout; constants are quantised into the weights.</summary>
    public Storage ReadQuantized(Node node, string value)
    {
        if (_scope.Converted.TryGetValue((value, true), out Storage? done))
            return done;
        if (Graph.Constant(value) is { } constant)
            return _scope.Converted[(value, true)] = QuantizedConstant(constant, QuantizationOf(value));
        Storage storage = Primary(value);
        if (storage.Quantization is not null)
            return storage;
        return _scope.Converted[(value, true)] = Quantized(node.Name, value, storage);
    }

    /// <summary>A value as the node's form wants it: quantised for integer nodes, else in its own elements.</summary>
    public Storage ReadInForm(Node node, string value) => IsInteger(node) ? ReadQuantized(node, value) : Read(node, value);

    /// <summary>Makes room for an output as the node's form makes it: quantised by integer nodes, else in its own elements.</summary>
    public Storage CreateInForm(Node node, string value, bool bordered = false) =>
        IsInteger(node) ? CreateQuantized(value, bordered) : Create(value, bordered);

    /// <summary>A storage without gaps; copied once where it has some.</summary>
    public Storage Dense(Node node, Storage storage) => Dense(node.Name, storage);

    /// <summary>A storage without gaps; copied once where it has some.</summary>
    public Storage Dense(string node, Storage storage)
    {
        if (storage.IsDense)
            return storage.Strides.AsSpan().SequenceEqual(Storage.DenseStrides(storage.Dimensions.AsSpan(), storage.ElementSize).AsSpan())
                ? storage
                : storage with { Strides = Storage.DenseStrides(storage.Dimensions.AsSpan(), storage.ElementSize) };
        if (_scope.Dense.TryGetValue(storage, out Storage? done))
            return done;
        Storage copy = NewStorage(NameOf(storage) + " dense", storage.Element, storage.Dimensions, storage.Quantization, Border.None);
        Copy(node, storage, copy, "rows without gaps");
        return _scope.Dense[storage] = copy;
    }

    /// <summary>A storage in the arena: constants are copied there once.</summary>
    public Storage InArena(Node node, Storage storage) => InArena(node.Name, storage);

    /// <summary>A storage in the arena: constants are copied there once.</summary>
    public Storage InArena(string node, Storage storage)
    {
        if (storage.Buffer is not null)
            return storage;
        if (_scope.InArena.TryGetValue(storage, out Storage? done))
            return done;
        Storage copy = NewStorage("constant of " + node, storage.Element, storage.Dimensions, storage.Quantization, Border.None);
        Copy(node, storage, copy, "constant");
        return _scope.InArena[storage] = copy;
    }

    /// <summary>A channels-last storage with at least a border; copied into a new buffer where it has a smaller one.</summary>
    public Storage WithBorder(Node node, Storage storage, Border border)
    {
        if (storage.Border.Covers(border))
            return storage;
        if (!_scope.Bordered.TryGetValue(storage, out ImmutableArray<Storage> copies))
            copies = [];
        foreach (Storage copy in copies)
            if (copy.Border.Covers(border))
                return copy;
        Storage made = NewStorage(NameOf(storage) + " bordered", storage.Element, storage.Dimensions, storage.Quantization, border);
        Copy(node.Name, storage, made, "with border");
        FillBorders(node.Name);
        _scope.Bordered[storage] = copies.Add(made);
        return made;
    }

    /// <summary>
    /// Makes room for a node's output in its own elements.
    /// </summary>
    /// <param name="value">The output.</param>
    /// <param name="bordered">Whether the kernel can write rows with gaps, so that readers find the border they want.</param>
    public Storage Create(string value, bool bordered = false)
    {
        TensorType type = Graph.TypeOf(value);
        return Made(value, NewStorage(value, type.Element, type.Dimensions, null, WantedBorder(value, bordered)));
    }

    /// <summary>Makes room for a node's output in its quantised form.</summary>
    /// <param name="value">The output.</param>
    /// <param name="bordered">Whether the kernel can write rows with gaps, so that readers find the border they want.</param>
    public Storage CreateQuantized(string value, bool bordered = false)
    {
        ActivationQuantization quantization = QuantizationOf(value);
        ElementType element = quantization.Type == ActivationType.U8 ? ElementType.UInt8 : ElementType.Int32;
        Border border = element == ElementType.UInt8 ? WantedBorder(value, bordered) : Border.None;
        return Made(value, NewStorage(value, element, Graph.TypeOf(value).Dimensions, quantization, border));
    }

    /// <summary>Makes room for intermediate results of a node, dense.</summary>
    public Storage CreateScratch(Node node, ElementType element, params ReadOnlySpan<int> dimensions) =>
        NewStorage("scratch of " + node.Name, element, [.. dimensions], null, Border.None);

    /// <summary>Says that a node's output consists of elements that lie in memory already.</summary>
    public void Alias(string value, Storage storage) => Made(value, storage.Count > 0
        ? storage
        // A part without elements may begin behind the end of what it is part of.
        : NewStorage(value, storage.Element, storage.Dimensions, storage.Quantization, Border.None));

    /// <summary>Emits the steps that fill the borders of outputs made since the last call; the driver calls it after each node.</summary>
    public void FillBorders(string node)
    {
        foreach (Storage storage in _openBorders)
            FillBorder(storage, node);
        _openBorders.Clear();
    }

    /// <summary>Whether a value's producer has said where it lies.</summary>
    public bool IsPlaced(string value) => _scope.Primary.ContainsKey(value);

    /// <summary>The storage that a value's producer made.</summary>
    public Storage Primary(string value) =>
        _scope.Primary.GetValueOrDefault(value) ?? throw new InvalidOperationException($"value '{value}' is read before it is produced");

    /// <summary>Emits a copy of all elements from one storage to another of the same shape; nothing where there are none.</summary>
    public void Copy(string node, Storage source, Storage destination, string description)
    {
        if (destination.Count == 0)
            return;
        BoxShape box = BoxShape.Of(source.Dimensions.AsSpan(), source.Strides, destination.Strides);
        Step("StridedCopy", "Run", node, description)
            .Operand("source", source)
            .Write("destination", destination)
            .Int("elementSize", source.ElementSize)
            .Ints("dims", box.Dimensions)
            .Ints("sourceStrides", box.Strides[0])
            .Ints("destinationStrides", box.Strides[1]);
    }

    /// <summary>A new buffer with room for a shape and a border.</summary>
    public Storage NewStorage(string name, ElementType element, ImmutableArray<int> dimensions, ActivationQuantization? quantization,
        Border border)
    {
        int size = element.Size();
        if (border.IsNone)
        {
            return new()
            {
                Buffer = NewBuffer(name, (long)Shapes.Count(dimensions.AsSpan()) * size),
                Origin = 0,
                Element = element,
                Dimensions = dimensions,
                Strides = Storage.DenseStrides(dimensions.AsSpan(), size),
                Quantization = quantization,
            };
        }

        // The pixels right of a row and those left of the next one are the same where both sides have a border.
        (int images, int height, int width, int channels) = dimensions.Length == 4
            ? (dimensions[0], dimensions[1], dimensions[2], dimensions[3])
            : (dimensions[0], 1, dimensions[1], dimensions[2]);
        long pixel = (long)channels * size;
        long row = (width + Math.Max(border.Left, border.Right)) * pixel;
        long image = (border.Top + height + border.Bottom) * row;
        long origin = (border.Top * row) + (border.Left * pixel);
        long bytes = origin + ((images - 1) * image) + ((height - 1 + border.Bottom) * row) + ((width + border.Right) * pixel);
        ArenaBuffer buffer = NewBuffer(name, bytes);
        var storage = new Storage
        {
            Buffer = buffer,
            Origin = (int)origin,
            Element = element,
            Dimensions = dimensions,
            Strides = dimensions.Length == 4 ? [(int)image, (int)row, (int)pixel, size] : [(int)image, (int)pixel, size],
            Quantization = quantization,
            Border = border,
        };
        _openBorders.Add(storage);
        return storage;
    }

    private Storage Made(string value, Storage storage)
    {
        _values.Add((value, storage));
        return _scope.Primary[value] = storage;
    }

    private ArenaBuffer NewBuffer(string name, long bytes)
    {
        if (bytes > MemoryPlanner.MaximumBytes)
            throw new ModelException(DiagnosticCatalog.MemoryOverflow, $"value '{name}'", bytes, MemoryPlanner.MaximumBytes);
        string unique = name;
        while (!_bufferNames.Add(unique))
        {
            int number = _equalNames.GetValueOrDefault(name, 1) + 1;
            _equalNames[name] = number;
            unique = string.Create(CultureInfo.InvariantCulture, $"{name} {number}");
        }
        var buffer = new ArenaBuffer(_buffers.Count, unique, (int)bytes);
        _buffers.Add(buffer);
        return buffer;
    }

    private Border WantedBorder(string value, bool bordered) => bordered ? _scope.WantedBorders.GetValueOrDefault(value) : Border.None;

    private static string NameOf(Storage storage) => storage.Buffer?.Name ?? "constant";

    private Storage Quantized(string node, string value, Storage source)
    {
        source = InArena(node, source);
        ActivationQuantization quantization = QuantizationOf(value);
        Storage target = NewStorage(value + " u8", ElementType.UInt8, source.Dimensions, quantization, WantedBorder(value, true));
        RowShape? rows = RowShape.Of(source, target);
        if (rows is null)
        {
            source = Dense(node, source);
            rows = RowShape.Of(source, target)!;
        }
        Step("Quantize", "Float32ToUInt8", node, "quantise " + Graph.TypeOf(value))
            .Read("input", source)
            .Int("inputImageStride", rows.Strides[0].Image)
            .Int("inputRowStride", rows.Strides[0].Row)
            .Write("output", target)
            .Int("outputImageStride", rows.Strides[1].Image)
            .Int("outputRowStride", rows.Strides[1].Row)
            .Real("inverseScale", 1f / (float)quantization.Scale)
            .Int("zeroPoint", quantization.ZeroPoint)
            .Int("images", rows.Images)
            .Int("rows", rows.Rows)
            .Int("rowLength", rows.RowLength);
        FillBorders(node);
        return target;
    }

    private Storage Dequantized(string node, string value, Storage source)
    {
        source = InArena(node, source);
        ActivationQuantization quantization = source.Quantization!;
        bool wide = quantization.Type == ActivationType.S32;
        Storage target = NewStorage(value + " float32", ElementType.Float32, source.Dimensions, null, Border.None);
        RowShape? rows = RowShape.Of(source, target);
        if (rows is null)
        {
            source = Dense(node, source);
            rows = RowShape.Of(source, target)!;
        }
        LoweredStep step = Step("Dequantize", wide ? "Int32ToFloat32" : "UInt8ToFloat32", node, "dequantise " + Graph.TypeOf(value))
            .Read("input", source)
            .Int("inputImageStride", rows.Strides[0].Image)
            .Int("inputRowStride", rows.Strides[0].Row)
            .Write("output", target)
            .Int("outputImageStride", rows.Strides[1].Image)
            .Int("outputRowStride", rows.Strides[1].Row)
            .Real("scale", (float)quantization.Scale);
        if (wide)
            step.MayReuse(target, source);
        else
            step.Int("zeroPoint", quantization.ZeroPoint);
        step.Int("images", rows.Images).Int("rows", rows.Rows).Int("rowLength", rows.RowLength);
        return target;
    }

    private Storage ConstantStorage(string value, Tensor constant)
    {
        if (_scope.Primary.TryGetValue(value, out Storage? done))
            return done;
        return _scope.Primary[value] = new()
        {
            Buffer = null,
            Origin = AddTensor(constant),
            Element = constant.Element,
            Dimensions = constant.Dimensions,
            Strides = Storage.DenseStrides(constant.Dimensions.AsSpan(), constant.Element.Size()),
        };
    }

    /// <summary>A float32 constant as u8 in the weights.</summary>
    public Storage QuantizedConstant(Tensor constant, ActivationQuantization quantization) => new()
    {
        Buffer = null,
        Origin = Weights.Add<byte>(NearestLevels.Of(constant.Values<float>(), quantization)),
        Element = ElementType.UInt8,
        Dimensions = constant.Dimensions,
        Strides = Storage.DenseStrides(constant.Dimensions.AsSpan(), 1),
        Quantization = quantization,
    };

    /// <summary>Whether a value is read in its quantised form only: by integer nodes, and not by the caller.</summary>
    public bool IsReadQuantizedOnly(string value) =>
        Quantization?.Values.GetValueOrDefault(value) is { Type: ActivationType.U8 }
            && !GraphIndex.Of(Graph).IsOutput(value)
        && GraphIndex.Of(Graph).Readers(value).All(r => IsInteger(r) && !r.Is<RecurrentOperator>());

    /// <summary>Puts a constant into the weights and returns its offset.</summary>
    public int AddTensor(Tensor constant) => constant.Data switch
    {
        float[] v => Weights.Add<float>(v),
        double[] v => Weights.Add<double>(v),
        byte[] v => Weights.Add<byte>(v),
        sbyte[] v => Weights.Add<sbyte>(v),
        short[] v => Weights.Add<short>(v),
        ushort[] v => Weights.Add<ushort>(v),
        int[] v => Weights.Add<int>(v),
        uint[] v => Weights.Add<uint>(v),
        long[] v => Weights.Add<long>(v),
        ulong[] v => Weights.Add<ulong>(v),
        Half[] v => Weights.Add<Half>(v),
        bool[] v => Weights.Add<byte>(MemoryMarshal.AsBytes(v.AsSpan())),
        _ => throw new InvalidOperationException($"a constant of {constant.Type} cannot be stored"),
    };

    private void FillBorder(Storage storage, string node)
    {
        FeatureMap map = FeatureMap.Of(storage)!.Value;
        Border border = storage.Border;
        Step("BorderFill", "Run", node, "border")
            .Write("buffer", storage)
            .Int("imageStride", map.ImageStride)
            .Int("rowStride", map.RowStride)
            .Int("images", map.Images)
            .Int("height", map.Height)
            .Int("rowBytes", map.Width * map.PixelStride)
            .Int("top", border.Top)
            .Int("bottom", border.Bottom)
            .Int("left", border.Left * map.PixelStride)
            .Int("right", border.Right * map.PixelStride)
            .Int("value", storage.Quantization?.ZeroPoint ?? 0);
    }

    private sealed class Body(LoweringContext context) : IDisposable
    {
        public void Dispose() => context._scope = context._around.Pop();
    }
}
