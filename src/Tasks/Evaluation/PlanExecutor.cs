using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Evaluation;

/// <summary>
/// Runs a plan over the kernel library: the build-time twin of the generated code, which makes the same calls. Prepared once, then
/// usable from several threads; each run takes a workspace of its own.
/// </summary>
internal sealed class PlanExecutor
{
    private readonly ModelPlan _plan;
    private readonly PackedWeights _weights;
    private readonly Action<Workspace, Tensor>?[] _bindings;
    private readonly StepCall[] _steps;
    private readonly ConcurrentBag<Workspace> _workspaces = [];

    /// <summary>Binds every step of a plan.</summary>
    /// <exception cref="InvalidOperationException">A step does not fit the kernel library.</exception>
    public PlanExecutor(ModelPlan plan, byte[] weights)
    {
        _plan = plan;
        _weights = PackedWeights.Of(weights);
        _bindings = [.. plan.Inputs.Select(i => i.Binding is null ? null : BindInput(i.Type, i.Binding))];
        _steps = [.. plan.Steps.Select(KernelBinder.Bind)];
    }

    /// <summary>The plan.</summary>
    public ModelPlan Plan => _plan;

    /// <summary>Runs the plan once.</summary>
    /// <param name="inputs">For each input a tensor of the boundary's element type with the boundary's number of elements, in the
    /// caller's layout.</param>
    /// <param name="observer">Called before each step with its index and the workspace, and once after the last.</param>
    /// <returns>The outputs in order.</returns>
    /// <exception cref="ArgumentException">The inputs do not fit the plan.</exception>
    public Tensor[] Run(IReadOnlyList<Tensor> inputs, Action<int, Workspace>? observer = null)
    {
        if (inputs.Count != _plan.Inputs.Count)
            throw new ArgumentException($"the plan has {_plan.Inputs.Count} inputs, {inputs.Count} were given", nameof(inputs));
        for (int i = 0; i < inputs.Count; i++)
            if (inputs[i].Count != _plan.Inputs[i].Length || ToBoundary(inputs[i].Element) != _plan.Inputs[i].Type)
            {
                PlanInput input = _plan.Inputs[i];
                throw new ArgumentException(
                    $"input '{input.OnnxName}' takes {input.Length} elements of {input.Type}, not {inputs[i].Type}", nameof(inputs));
            }
        if (!_workspaces.TryTake(out Workspace? workspace))
            workspace = new Workspace(_weights, _plan.ArenaBytes);
        for (int i = 0; i < inputs.Count; i++)
            _bindings[i]?.Invoke(workspace, inputs[i]);
        for (int i = 0; i < _steps.Length; i++)
        {
            observer?.Invoke(i, workspace);
            _steps[i](workspace);
        }
        observer?.Invoke(_steps.Length, workspace);
        Tensor[] outputs = [.. _plan.Outputs.Select(o => Output(workspace, o))];
        _workspaces.Add(workspace);
        return outputs;
    }

    /// <summary>Runs the plan on many samples, on all cores; the results do not depend on their number.</summary>
    public Tensor[][] RunMany(IReadOnlyList<IReadOnlyList<Tensor>> samples, CancellationToken cancellation = default)
    {
        var results = new Tensor[samples.Count][];
        var options = new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(0, samples.Count, options, i => results[i] = Run(samples[i]));
        return results;
    }

    private static BoundaryType? ToBoundary(ElementType element) => Lowering.InputSignature.OfElement(element);

    // Element types have the same names at the boundary.
    private static ElementType ToElement(BoundaryType type) => Enum.Parse<ElementType>(type.ToString());

    /// <summary>The binding of an input, whose tensors have the boundary's element type and the caller's layout.</summary>
    /// <exception cref="InvalidOperationException">The step does not fit the kernel library.</exception>
    public static Action<Workspace, Tensor> BindInput(BoundaryType type, PlanStep step) => type.Keyword() switch
    {
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

    private static Action<Workspace, Tensor> Bind<T>(PlanStep step)
        where T : unmanaged
    {
        BindingCall<T> call = KernelBinder.BindInput<T>(step);
        return (workspace, tensor) => call(tensor.Values<T>(), workspace);
    }

    private static Tensor Output(Workspace workspace, PlanOutput output)
    {
        Tensor result = Tensor.Zeros(TensorType.Of(ToElement(output.Type), [.. output.Dimensions]));
        Span<byte> bytes = MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(result.Data), output.Length * output.Type.Size());
        workspace.ArenaSpan<byte>(output.Offset, bytes.Length).CopyTo(bytes);
        return result;
    }
}
