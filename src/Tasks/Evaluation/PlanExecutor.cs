using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Evaluation;

/// <summary>
/// Runs a plan over the kernel library: the build-time twin of the generated code, which makes the same calls. Prepared once, then
/// usable from several threads; each run takes a workspace of its own.
/// </summary>
internal sealed class PlanExecutor
{
    private readonly PlanEntry _entry;
    private readonly PackedWeights _weights;
    private readonly StringTable _strings;
    private readonly Action<Workspace, Tensor>?[] _bindings;
    private readonly Action<Workspace, Tensor>?[] _stateBindings;
    private readonly Lazy<StepCall> _steps;
    private readonly ConcurrentBag<Workspace> _workspaces = [];

    /// <summary>Binds every step of a plan's entry.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="weights">The packed weights.</param>
    /// <param name="entry">The place of what runs in <see cref="ModelPlan.Runnable"/>; the main entry is the first.</param>
    /// <exception cref="InvalidOperationException">A step does not fit the kernel library.</exception>
    public PlanExecutor(ModelPlan plan, byte[] weights, int entry = 0)
    {
        Plan = plan;
        _entry = plan.Runnable[entry];
        _weights = Expand(plan.Weights, weights);
        _strings = new([.. plan.Strings]);
        _bindings = [.. _entry.Inputs.Select(i => i.Binding is null ? null : BindInput(i.Type, i.Binding, _strings))];
        _stateBindings = [.. _entry.States.Select(s => s.Binding is null ? null : BindInput(s.Type, s.Binding))];
        // Bound when it runs for the first time: each step is a method of its own.
        _steps = new(() => StepSequence.Bind(_entry.Steps));
    }

    /// <summary>The weights in memory, by the decoders that apps run.</summary>
    /// <param name="weights">What the plan says about them.</param>
    /// <param name="stored">The resource's bytes.</param>
    /// <exception cref="InvalidDataException">Coded weights are damaged.</exception>
    public static PackedWeights Expand(PlanWeights weights, byte[] stored)
    {
        var packed = PackedWeights.Of(stored);
        if (weights.ExpandedBytes is not { } bytes)
            return packed;
        var workspace = new Workspace(packed, bytes);
        foreach (PlanCall call in weights.Expansion)
            KernelBinder.Bind(call)(workspace);
        return workspace.ArenaAsWeights();
    }

    /// <summary>The plan.</summary>
    public ModelPlan Plan { get; }

    /// <summary>The entry that it runs.</summary>
    public PlanEntry Entry => _entry;

    /// <summary>The state before the first prediction of a stream: a tensor for each of the model's states.</summary>
    public Tensor[] InitialState() => [.. _entry.States.Select(s =>
    {
        Tensor value = Tensor.Zeros(TensorType.Of(ToElement(s.Type), [.. s.Dimensions]));
        if (s.Initial is { } offset)
            _weights.Bytes.Slice(offset, Bytes(value).Length).CopyTo(Bytes(value));
        return value;
    })];

    /// <summary>Runs the entry once.</summary>
    /// <param name="inputs">For each input a tensor of the boundary's element type with the boundary's number of elements, in the
    /// caller's layout.</param>
    /// <param name="state">The state to continue, where the model has one: the tensors are overwritten by the next state. Null for the
    /// initial one.</param>
    /// <returns>The outputs in order.</returns>
    /// <exception cref="ArgumentException">The inputs do not fit the entry.</exception>
    public Tensor[] Run(IReadOnlyList<Tensor> inputs, Tensor[]? state = null)
    {
        if (inputs.Count != _entry.Inputs.Count)
            throw new ArgumentException($"the entry has {_entry.Inputs.Count} inputs, {inputs.Count} were given", nameof(inputs));
        for (int i = 0; i < inputs.Count; i++)
            if (inputs[i].Count != _entry.Inputs[i].Length || ToBoundary(inputs[i].Element) != _entry.Inputs[i].Type)
            {
                PlanInput input = _entry.Inputs[i];
                throw new ArgumentException(
                    $"input '{input.OnnxName}' takes {input.Length} elements of {input.Type}, not {inputs[i].Type}", nameof(inputs));
            }
        if (!_workspaces.TryTake(out Workspace? workspace))
            workspace = NewWorkspace();
        Tensor[] outputs = Run(workspace, inputs, state);
        _workspaces.Add(workspace);
        return outputs;
    }

    /// <summary>Runs the entry once on memory that is filled with a byte.</summary>
    /// <param name="fill">The byte.</param>
    /// <param name="inputs">The inputs as for <see cref="Run(IReadOnlyList{Tensor}, Tensor[])"/>.</param>
    public Tensor[] RunOver(byte fill, IReadOnlyList<Tensor> inputs)
    {
        Workspace workspace = NewWorkspace();
        workspace.ArenaSpan<byte>(0, _entry.ArenaBytes).Fill(fill);
        return Run(workspace, inputs, null);
    }

    private Workspace NewWorkspace() =>
        new(_weights, _entry.ArenaBytes) { Texts = Plan.KeepsStrings ? new StringPool(_strings) : null };

    private Tensor[] Run(Workspace workspace, IReadOnlyList<Tensor> inputs, Tensor[]? state)
    {
        using var scope = EvaluationScope.Begin(CancellationToken.None);
        (workspace.Texts as StringPool)?.Clear();
        for (int i = 0; i < inputs.Count; i++)
            _bindings[i]?.Invoke(workspace, inputs[i]);
        state ??= InitialState();
        for (int i = 0; i < state.Length; i++)
            _stateBindings[i]?.Invoke(workspace, state[i]);
        _steps.Value(workspace);
        for (int i = 0; i < state.Length; i++)
            workspace.ArenaSpan<byte>(_entry.States[i].Offset, Bytes(state[i]).Length).CopyTo(Bytes(state[i]));
        return [.. _entry.Outputs.Select(o => Output(workspace, o))];
    }

    /// <summary>Runs the entry on many samples, on all cores; the results do not depend on their number.</summary>
    public Tensor[][] RunMany(IReadOnlyList<IReadOnlyList<Tensor>> samples, CancellationToken cancellation = default)
    {
        var results = new Tensor[samples.Count][];
        var options = new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(0, samples.Count, options, i => results[i] = Run(samples[i]));
        return results;
    }

    private static BoundaryType? ToBoundary(ElementType element) => Lowering.InputSignature.OfElement(element);

    /// <summary>The element type of a type at the boundary, which has the same name.</summary>
    public static ElementType ToElement(BoundaryType type) => Enum.Parse<ElementType>(type.ToString());

    /// <summary>The binding of an input, whose tensors have the boundary's element type and the caller's layout.</summary>
    /// <param name="type">The element type.</param>
    /// <param name="step">The call.</param>
    /// <param name="strings">The plan's strings; null where it has none.</param>
    /// <exception cref="InvalidOperationException">The step does not fit the kernel library.</exception>
    public static Action<Workspace, Tensor> BindInput(BoundaryType type, PlanCall step, StringTable? strings = null) =>
        type.Keyword() switch
    {
        "string" => Bind<string>(step, strings),
        "float" => Bind<float>(step),
        "double" => Bind<double>(step),
        "byte" => Bind<byte>(step),
        "sbyte" => Bind<sbyte>(step),
        "short" => Bind<short>(step),
        "ushort" => Bind<ushort>(step),
        "int" => Bind<int>(step),
        "uint" => Bind<uint>(step),
        "long" => Bind<long>(step),
        "ulong" => Bind<ulong>(step),
        "bool" => Bind<bool>(step),
        _ => Bind<Half>(step),
    };

    private static Action<Workspace, Tensor> Bind<T>(PlanCall step, StringTable? strings = null)
    {
        BindingCall<T> call = KernelBinder.BindInput<T>(step, strings);
        return (workspace, tensor) => call(tensor.Values<T>(), workspace);
    }

    /// <summary>The memory of a tensor's elements.</summary>
    public static Span<byte> Bytes(Tensor tensor) =>
        MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(tensor.Data), tensor.Count * tensor.Element.Size());

    private Tensor Output(Workspace workspace, PlanOutput output)
    {
        Tensor result = Tensor.Zeros(TensorType.Of(ToElement(output.Type), [.. output.Dimensions]));
        if (output.Type == BoundaryType.String)
        {
            string[] texts = result.Values<string>();
            _ = workspace.Texts is StringPool pool
                ? pool.Read(workspace, output.Offset, texts)
                : _strings.Read(workspace, output.Offset, texts);
            return result;
        }
        Span<byte> bytes = Bytes(result);
        workspace.ArenaSpan<byte>(output.Offset, bytes.Length).CopyTo(bytes);
        return result;
    }
}
