using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Operators.Control;

/// <summary>
/// A sub-graph that runs several times (ONNX operator Loop; Scan is imported as one). Inputs: the greatest number of trips (optional), the
/// condition before the first trip (optional), the values carried from trip to trip, then what the body reads from around it. The body
/// takes the number of its trip, the carried values and those from around; it gives the condition for the next trip, the carried values,
/// and values that are collected over all trips. Within a trip the condition is true, so that the body does not take it.
/// </summary>
[Operator("Loop")]
[Input(0, "M", Elements.Int64, Optional = true)]
[Input(1, "cond", Elements.Bool, Optional = true)]
[Input(2, "v_initial", Elements.All, Variadic = true, Minimum = 0)]
[Output(0, "v_final_and_scan_outputs", Variadic = true, Until = SchemaAttribute.Newest - 1)]
[Output(0, "v_final_and_scan_outputs", Variadic = true, Optional = true, From = SchemaAttribute.Newest)]
[Parameter("body", ParameterKind.Graph, Required = true)]
[NotDifferentiable("runs a body, which is not differentiated, a number of times that may depend on data")]
internal sealed class LoopOperator : Operator, IControlFlow
{
    /// <summary>The attribute that holds the body.</summary>
    public const string Body = "body";

    /// <summary>The attribute that says how many values are carried.</summary>
    public const string Carried = "carried";

    /// <inheritdoc/>
    public ImmutableArray<string> Bodies { get; } = [Body];

    /// <summary>The trips, where they are a number that the build knows: a constant count and conditions that are always true.</summary>
    public static long? Trips(OperatorContext context) =>
        HasCondition(context) ? null : IsNeverEntered(context) ? 0 : Bound(context);

    /// <summary>The most trips; null where the build knows no bound.</summary>
    public static long? Bound(OperatorContext context) =>
        IsNeverEntered(context) ? 0 : context.Node.HasInput(0)
            && context.InputConstants[0] is { } count ? Math.Max(count.ToInt64()[0], 0) : null;

    /// <summary>Whether a condition has to be looked at: before the first trip or behind one it may be false.</summary>
    public static bool HasCondition(OperatorContext context)
    {
        Graph body = SubGraphs.Body(context, Body);
        bool first = context.Node.HasInput(1) && context.InputConstants[1] is null;
        return !IsNeverEntered(context) && (first || body.Constant(body.Outputs[0]) is not { } next || !next.Values<bool>()[0]);
    }

    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        if (context.Has(0) && context.Type(0) is not { Element: ElementType.Int64, Count: 1 })
            throw context.Invalid($"its number of trips is {context.Type(0)} instead of one int64");
        if (context.Has(1) && context.Type(1) is not { Element: ElementType.Bool, Count: 1 })
            throw context.Invalid($"its condition is {context.Type(1)} instead of one bool");
        Graph body = SubGraphs.Body(context, Body);
        if (!context.Node.HasInput(0) && Bound(context) is null && !HasCondition(context))
            throw context.Invalid("it never ends: it has no number of trips, and its condition is always true");
        int carried = (int)context.Node.Int(Carried, 0);
        TensorType[] given = [.. Enumerable.Range(2, context.Node.Inputs.Length - 2).Select(context.Type)];
        SubGraphs.CheckInputs(context, body, Body, [TensorType.Of(ElementType.Int64), .. given]);
        if (body.Outputs.Length <= carried || body.TypeOf(body.Outputs[0]) is not { Element: ElementType.Bool, Count: 1 })
            throw context.Invalid("its body does not give a condition and the values that it carries");
        var types = ImmutableArray.CreateBuilder<TensorType>();
        for (int i = 0; i < carried; i++)
        {
            TensorType next = body.TypeOf(body.Outputs[1 + i]);
            if (next.Element != given[i].Element)
                throw context.Invalid($"it carries {given[i]}, but its body gives {next}");
            if (next != given[i])
                throw context.Unsupported($"Loop whose carried values keep their shapes (one is {given[i]} and becomes {next})");
            types.Add(next);
        }
        foreach (string collected in body.Outputs.Skip(1 + carried))
        {
            if (Trips(context) is not { } trips)
                throw NumberOfTripsUnknown(context);
            TensorType slice = body.TypeOf(collected);
            types.Add(new(slice.Element, [checked((int)trips), .. slice.Dimensions]));
        }
        return types.ToImmutable();
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        using var scope = EvaluationScope.Begin(CancellationToken.None);
        Graph body = SubGraphs.Body(context, Body);
        GraphEvaluator evaluator = SubGraphs.Evaluator(body);
        int carried = (int)context.Node.Int(Carried, 0);
        long most = inputs[0] is { } count ? count.ToInt64()[0] : long.MaxValue;
        bool goes = inputs[1] is not { } first || first.Values<bool>()[0];
        Tensor[] values = [.. inputs.Skip(2).Select(v => v!)];
        Tensor[] collected = [.. context.OutputTypes.Skip(carried).Select(Tensor.Zeros)];
        for (long trip = 0; trip < most && goes; trip++)
        {
            EvaluationScope.CountTrip(context.Node.Name);
            Tensor[] results = evaluator.Evaluate([Tensor.Scalar(trip), .. values]);
            goes = results[0].Values<bool>()[0];
            results.AsSpan(1, carried).CopyTo(values);
            for (int i = 0; i < collected.Length; i++)
            {
                Tensor slice = results[1 + carried + i];
                Array.Copy(slice.Data, 0, collected[i].Data, trip * slice.Count, slice.Count);
            }
        }
        return [.. values.Take(carried), .. collected];
    }

    /// <inheritdoc/>
    public override long Work(OperatorContext context)
    {
        long trip = SubGraphs.Work(SubGraphs.Body(context, Body));
        return Trips(context) is { } trips && trips < (1L << 40) / trip ? trips * trip : 1L << 40;
    }

    /// <inheritdoc/>
    public override long MultiplyAccumulates(OperatorContext context) =>
        PlanSteps.Times(Bound(context) ?? 1, SubGraphs.Evaluator(SubGraphs.Body(context, Body)).MultiplyAccumulates);

    // The input on which the number depends may become a constant; what the body makes of its condition cannot.
    private static ModelException NumberOfTripsUnknown(OperatorContext context)
    {
        for (int i = 0; i < 2; i++)
            if (context.Node.HasInput(i) && context.InputConstants[i] is null)
                return new ModelException(DiagnosticCatalog.DataDependentShape, context.Node.Name, context.Node.OpType,
                    context.Node.Inputs[i]);
        return context.Unsupported("Loop that collects values over a constant number of trips");
    }

    private static bool IsNeverEntered(OperatorContext context) =>
        context.Node.HasInput(1) && context.InputConstants[1] is { } first && !first.Values<bool>()[0];
}
