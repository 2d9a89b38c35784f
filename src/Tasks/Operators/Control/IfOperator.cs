using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Control;

/// <summary>
/// One of two sub-graphs by a condition (ONNX operator If). Inputs: the condition, then what the branches read from around them; both
/// branches take all of it.
/// </summary>
[Operator("If")]
[Input(0, "cond", Elements.Bool)]
[Input(1, "captured", Elements.All, Variadic = true, Minimum = 0, From = SchemaAttribute.Newest)]
[Output(0, "outputs", Variadic = true)]
[Parameter("else_branch", ParameterKind.Graph, Required = true)]
[Parameter("then_branch", ParameterKind.Graph, Required = true)]
[NotDifferentiable("runs one of two bodies, which are not differentiated")]
internal sealed class IfOperator : Operator, IControlFlow
{
    /// <summary>The attribute that holds what runs where the condition is true.</summary>
    public const string Then = "then_branch";

    /// <summary>The attribute that holds what runs where it is false.</summary>
    public const string Else = "else_branch";

    /// <inheritdoc/>
    public ImmutableArray<string> Bodies { get; } = [Then, Else];

    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        if (context.Type(0) is not { Element: ElementType.Bool, Count: 1 })
            throw context.Invalid($"its condition is {context.Type(0)} instead of one bool");
        TensorType[] given = [.. Enumerable.Range(1, context.Node.Inputs.Length - 1).Select(context.Type)];
        Graph then = SubGraphs.Body(context, Then);
        Graph otherwise = SubGraphs.Body(context, Else);
        SubGraphs.CheckInputs(context, then, Then, given);
        SubGraphs.CheckInputs(context, otherwise, Else, given);
        if (then.Outputs.Length != otherwise.Outputs.Length)
            throw context.Invalid($"its branches have {then.Outputs.Length} and {otherwise.Outputs.Length} outputs");
        for (int i = 0; i < then.Outputs.Length; i++)
        {
            (TensorType a, TensorType b) = (then.TypeOf(then.Outputs[i]), otherwise.TypeOf(otherwise.Outputs[i]));
            if (a.Element != b.Element)
                throw context.Invalid($"its branches give {a} and {b}");
            if (a != b)
                throw new ModelException(DiagnosticCatalog.DataDependentShape, context.Node.Name, context.Node.OpType,
                    context.Node.Inputs[0]);
        }
        return [.. then.Outputs.Select(then.TypeOf)];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Graph branch = SubGraphs.Body(context, inputs[0]!.Values<bool>()[0] ? Then : Else);
        return SubGraphs.Evaluator(branch).Evaluate([.. inputs.Skip(1).Select(i => i!)]);
    }

    /// <inheritdoc/>
    public override long Work(OperatorContext context) =>
        Math.Max(SubGraphs.Work(SubGraphs.Body(context, Then)), SubGraphs.Work(SubGraphs.Body(context, Else)));

    /// <inheritdoc/>
    public override long MultiplyAccumulates(OperatorContext context) => Math.Max(
        SubGraphs.Evaluator(SubGraphs.Body(context, Then)).MultiplyAccumulates,
        SubGraphs.Evaluator(SubGraphs.Body(context, Else)).MultiplyAccumulates);
}
