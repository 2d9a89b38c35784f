namespace OptimizerBuild.Plan;

/// <summary>Something that a plan does: a call of a kernel, or a block of steps that runs under a condition or several times.</summary>
/// <param name="Node">The ONNX node's name, for the comment.</param>
/// <param name="Description">What it does, for the comment: operator and shapes, for example <c>Conv 28×28×1 → 28×28×16, 3×3</c>.</param>
internal abstract record PlanStep(string Node, string Description)
{
    /// <summary>Multiply-accumulates of the step: of a condition the greater branch's, of a loop all of its trips where their number is
    /// bounded, else one.</summary>
    public abstract long Macs { get; }

    /// <summary>How many lines of the numbering of <see cref="PlanSteps"/> the step takes.</summary>
    public abstract int Lines { get; }
}

/// <summary>
/// One call of a kernel method: <c>Kernel.Method(workspace, name: value, …)</c>. The arguments after the workspace are literals,
/// named as the method's parameters are and in their order.
/// </summary>
/// <param name="Kernel">The static class in <c>OptimizerBuild.Kernels</c>, for example <c>Int8Convolution</c>.</param>
/// <param name="Method">The static method, for example <c>Run</c>.</param>
/// <param name="Node">The ONNX node's name, for the comment.</param>
/// <param name="Description">What it does, for the comment.</param>
/// <param name="Macs">Multiply-accumulates of the call.</param>
/// <param name="Arguments">The literal arguments.</param>
internal sealed record PlanCall(
    string Kernel, string Method, string Node, string Description, long Macs, EquatableList<PlanArgument> Arguments)
    : PlanStep(Node, Description)
{
    /// <inheritdoc/>
    public override long Macs { get; } = Macs;

    /// <inheritdoc/>
    public override int Lines => 1;
}

/// <summary>One of two blocks, by a condition.</summary>
/// <param name="Node">The ONNX node's name, for the comment.</param>
/// <param name="Description">What it decides, for the comment.</param>
/// <param name="Condition">Where in the arena the condition lies: one byte, 0 or 1.</param>
/// <param name="Then">What runs where it is 1.</param>
/// <param name="Else">What runs where it is 0.</param>
internal sealed record PlanIf(
    string Node, string Description, int Condition, EquatableList<PlanStep> Then, EquatableList<PlanStep> Else)
    : PlanStep(Node, Description)
{
    /// <inheritdoc/>
    public override long Macs => Math.Max(PlanSteps.MacsOf(Then), PlanSteps.MacsOf(Else));

    /// <inheritdoc/>
    public override int Lines => 3 + PlanSteps.LinesOf(Then) + PlanSteps.LinesOf(Else);
}

/// <summary>A block that runs several times: until the bound, the count or the condition ends it, whichever is first.</summary>
/// <param name="Node">The ONNX node's name, for the comment.</param>
/// <param name="Description">What it repeats, for the comment.</param>
/// <param name="Bound">The most trips, as the build knows it; null where it knows no bound.</param>
/// <param name="Count">Where in the arena the number of trips lies before the loop: a 64-bit integer; null where there is none.</param>
/// <param name="Condition">Where in the arena the condition lies, which must be 1 before each trip: one byte; null where there is
/// none.</param>
/// <param name="Iteration">Where in the arena each trip finds its number, from 0: a 64-bit integer; null where none asks for it.</param>
/// <param name="Body">The steps of one trip.</param>
internal sealed record PlanLoop(
    string Node, string Description, long? Bound, int? Count, int? Condition, int? Iteration, EquatableList<PlanStep> Body)
    : PlanStep(Node, Description)
{
    /// <inheritdoc/>
    public override long Macs => PlanSteps.Times(Bound ?? 1, PlanSteps.MacsOf(Body));

    /// <inheritdoc/>
    public override int Lines => 2 + PlanSteps.LinesOf(Body);
}

/// <summary>A literal argument.</summary>
internal abstract record PlanArgument(string Name)
{
    /// <summary>An <c>int</c>, <c>long</c>, <c>byte</c>… parameter; also <c>bool</c> as 0 or 1 is not used: kernels take int.</summary>
    public sealed record Integer(string Name, long Value) : PlanArgument(Name)
    {
        /// <summary>Where the value is an offset in the arena: the name of the buffer in which it lies; else empty.</summary>
        public string Buffer { get; init; } = "";
    }

    /// <summary>A <c>float</c> parameter, kept as its IEEE bits.</summary>
    public sealed record Real(string Name, int Bits) : PlanArgument(Name);

    /// <summary>A <c>ReadOnlySpan&lt;int&gt;</c> parameter (dimensions, strides).</summary>
    public sealed record Integers(string Name, EquatableList<int> Values) : PlanArgument(Name);

    /// <summary>A <c>StringTable</c> parameter: the plan's strings.</summary>
    public sealed record Strings(string Name) : PlanArgument(Name);
}
