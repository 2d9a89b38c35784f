using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>
/// A plan step whose arena offsets are still open. Arguments are added in the order of the kernel method's parameters; what a step
/// reads and writes decides how long buffers live.
/// </summary>
internal sealed class LoweredStep(string kernel, string method, string node, string description, long macs) : LoweredOperation
{
    private readonly List<Argument> _arguments = [];

    /// <summary>The name of the node that the step belongs to.</summary>
    public string Node => node;

    /// <summary>The step's multiply-accumulates.</summary>
    public long Macs => macs;

    /// <summary>
    /// Multiply-accumulates in a nanosecond, for <see cref="CostModel"/>, where they are not those of the weights' form; null elsewhere.
    /// </summary>
    public double? MacsPerNanosecond { get; private set; }

    /// <summary>States how fast the step multiplies.</summary>
    public LoweredStep AtRate(double macsPerNanosecond)
    {
        MacsPerNanosecond = macsPerNanosecond;
        return this;
    }

    /// <summary>The kernel and its method, for messages.</summary>
    public string Call => $"{kernel}.{method}";

    /// <summary>The arena offset of a storage that is read.</summary>
    public LoweredStep Read(string name, Storage storage, int delta = 0)
    {
        ArenaBuffer buffer = storage.Buffer ?? throw new InvalidOperationException($"{Call} cannot read '{name}' from the weights");
        AddRead(buffer);
        return Place(name, buffer, storage.Origin + delta);
    }

    /// <summary>The arena offset of a storage that is written.</summary>
    public LoweredStep Write(string name, Storage storage, int delta = 0)
    {
        ArenaBuffer buffer = storage.Buffer ?? throw new InvalidOperationException($"{Call} cannot write '{name}' to the weights");
        AddWrite(buffer);
        return Place(name, buffer, storage.Origin + delta);
    }

    /// <summary>The offset of a storage that may lie in the weights, as <c>Workspace.Operand</c> takes it: complemented for
    /// weights.</summary>
    public LoweredStep Operand(string name, Storage storage, int delta = 0) =>
        storage.Buffer is null ? Int(name, ~(storage.Origin + delta)) : Read(name, storage, delta);

    /// <summary>An integer literal; also weights offsets.</summary>
    public LoweredStep Int(string name, long value)
    {
        _arguments.Add(new(new PlanArgument.Integer(name, value), null));
        return this;
    }

    /// <summary>Where a layer's weights lie, with all that their form has.</summary>
    public LoweredStep Weights(WeightSection section)
    {
        foreach ((string name, int offset) in section.Storage.Arguments(section))
            Int(name, offset);
        return this;
    }

    /// <summary>A float literal.</summary>
    public LoweredStep Real(string name, float value)
    {
        _arguments.Add(new(new PlanArgument.Real(name, BitConverter.SingleToInt32Bits(value)), null));
        return this;
    }

    /// <summary>A list of integers.</summary>
    public LoweredStep Ints(string name, IEnumerable<int> values)
    {
        _arguments.Add(new(new PlanArgument.Integers(name, new EquatableList<int>(values)), null));
        return this;
    }

    /// <summary>The model's strings.</summary>
    public LoweredStep Strings(string name)
    {
        _arguments.Add(new(new PlanArgument.Strings(name), null));
        return this;
    }

    /// <summary>Declares that an elementwise step's output may take the place of an input; ignored unless both have the same
    /// layout.</summary>
    public LoweredStep MayReuse(Storage output, Storage input)
    {
        if (InPlace is null && output.Buffer is { } o && input.Buffer is { } i && o != i && output.Origin == input.Origin
            && o.Bytes <= i.Bytes && output.ElementSize == input.ElementSize
                && output.Strides.AsSpan().SequenceEqual(input.Strides.AsSpan()))
            InPlace = (o, i);
        return this;
    }

    /// <summary>The step with its offsets filled in.</summary>
    public PlanCall Resolve(Func<ArenaBuffer, int> offsetOf) => new(
        kernel, method, node, description, macs,
        new EquatableList<PlanArgument>(_arguments.Select(a => a.Buffer is null ? a.Value : Moved(a, a.Buffer.Name, offsetOf(a.Buffer)))));

    private static PlanArgument Moved(Argument argument, string buffer, int offset)
    {
        var value = (PlanArgument.Integer)argument.Value;
        return value with { Value = checked(value.Value + offset), Buffer = buffer };
    }

    private LoweredStep Place(string name, ArenaBuffer buffer, int offset)
    {
        if (offset < 0 || offset >= Math.Max(buffer.Bytes, 1))
            throw new InvalidOperationException($"{Call}: '{name}' lies outside the buffer of '{buffer.Name}'");
        _arguments.Add(new(new PlanArgument.Integer(name, offset), buffer));
        return this;
    }

    /// <summary>A literal, or an offset inside a buffer.</summary>
    private sealed record Argument(PlanArgument Value, ArenaBuffer? Buffer);
}
