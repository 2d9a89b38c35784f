using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>
/// Makes a plan's steps, with blocks in blocks, out of the flat list that lowering writes, once every buffer has its place.
/// </summary>
internal sealed class StepResolution
{
    private readonly IReadOnlyList<LoweredOperation> _operations;
    private readonly Func<ArenaBuffer, int> _offsetOf;
    private int _next;

    private StepResolution(IReadOnlyList<LoweredOperation> operations, Func<ArenaBuffer, int> offsetOf)
    {
        _operations = operations;
        _offsetOf = offsetOf;
    }

    /// <summary>The steps.</summary>
    /// <param name="operations">Calls and boundaries in order; every block that begins ends.</param>
    /// <param name="offsetOf">Where a buffer lies.</param>
    /// <exception cref="InvalidOperationException">The boundaries do not match.</exception>
    public static EquatableList<PlanStep> Resolve(IReadOnlyList<LoweredOperation> operations, Func<ArenaBuffer, int> offsetOf)
    {
        var resolution = new StepResolution(operations, offsetOf);
        EquatableList<PlanStep> steps = resolution.Sequence(null);
        return resolution._next == operations.Count ? steps : throw new InvalidOperationException("a block ends that never began");
    }

    private EquatableList<PlanStep> Sequence(BlockBoundaryKind? end)
    {
        var steps = new List<PlanStep>();
        while (_next < _operations.Count)
        {
            switch (_operations[_next])
            {
                case LoweredStep step:
                    steps.Add(step.Resolve(_offsetOf));
                    _next++;
                    break;
                case BlockBoundary { Kind: BlockBoundaryKind.If or BlockBoundaryKind.Loop } begin:
                    _next++;
                    steps.Add(Block(begin));
                    break;
                default:
                    return new(steps);
            }
        }
        return end is null ? new(steps) : throw new InvalidOperationException("a block does not end");
    }

    private PlanStep Block(BlockBoundary begin)
    {
        if (begin.Kind == BlockBoundaryKind.If)
        {
            EquatableList<PlanStep> then = Body(BlockBoundaryKind.Else);
            EquatableList<PlanStep> otherwise = Body(BlockBoundaryKind.EndIf);
            return new PlanIf(begin.Node, begin.Description, OffsetOf(begin.Condition)!.Value, then, otherwise);
        }
        return new PlanLoop(begin.Node, begin.Description, begin.Bound, OffsetOf(begin.Count), OffsetOf(begin.Condition),
            OffsetOf(begin.Iteration), Body(BlockBoundaryKind.EndLoop));
    }

    private EquatableList<PlanStep> Body(BlockBoundaryKind end)
    {
        EquatableList<PlanStep> body = Sequence(end);
        if (_operations[_next] is not BlockBoundary boundary || boundary.Kind != end)
            throw new InvalidOperationException("a block ends as one of another kind");
        _next++;
        return body;
    }

    private int? OffsetOf(Storage? storage) => storage is null ? null : _offsetOf(storage.Buffer!) + storage.Origin;
}
