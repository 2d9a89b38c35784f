using OptimizerBuild.Operators;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Evaluation;

/// <summary>Makes one delegate of a plan's steps: kernel calls bound by <see cref="KernelBinder"/>, blocks as the generated code runs
/// them.</summary>
internal static class StepSequence
{
    /// <summary>Binds steps.</summary>
    /// <exception cref="InvalidOperationException">A call does not fit the kernel library.</exception>
    public static StepCall Bind(EquatableList<PlanStep> steps)
    {
        StepCall[] calls = [.. steps.Select(Bind)];
        return workspace =>
        {
            foreach (StepCall call in calls)
                call(workspace);
        };
    }

    private static StepCall Bind(PlanStep step) => step switch
    {
        PlanCall call => KernelBinder.Bind(call),
        PlanIf branch => Bind(branch),
        PlanLoop loop => Bind(loop),
        _ => throw new InvalidOperationException("a step of an unknown kind: " + step.GetType().Name),
    };

    private static StepCall Bind(PlanIf branch)
    {
        StepCall then = Bind(branch.Then);
        StepCall otherwise = Bind(branch.Else);
        return workspace => (workspace.Arena(branch.Condition) != 0 ? then : otherwise)(workspace);
    }

    private static StepCall Bind(PlanLoop loop)
    {
        StepCall body = Bind(loop.Body);
        return workspace =>
        {
            long trips = loop.Bound ?? long.MaxValue;
            if (loop.Count is { } count)
                trips = Math.Min(trips, workspace.ArenaSpan<long>(count, 1)[0]);
            for (long i = 0; i < trips && (loop.Condition is not { } condition || workspace.Arena(condition) != 0); i++)
            {
                EvaluationScope.CountTrip(loop.Node);
                if (loop.Iteration is { } iteration)
                    workspace.ArenaSpan<long>(iteration, 1)[0] = i;
                body(workspace);
            }
        };
    }
}
