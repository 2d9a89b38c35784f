using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators;

/// <summary>
/// The trait of an operator that hands positive factors on: where places of what it reads are multiplied by positive factors, so are the
/// places of its results that belong to them, and nothing else changes (M. Nagel et al. 2019, arXiv 1906.04721, section 4.1.1: functions
/// with f(s·x) = s·f(x)). Whether its fused activation does so, too, is asked of that (<see cref="FusedActivation"/>).
/// </summary>
internal interface IPassesFactors : IPassesChannels
{
    /// <summary>
    /// The places that must have the same factors as those along one axis of one of the node's values, constants among them; or why the
    /// places of the axis have to stay as they are. Inputs that stay as they are beside others with factors have no link.
    /// </summary>
    /// <param name="context">The node.</param>
    /// <param name="port">The value and its axis.</param>
    ChannelLinks FactorLinks(OperatorContext context, ChannelPort port) => Links(context, port);

    /// <summary>
    /// Whether a number that is added to all of an input at a place of an axis is thereby added to all of the results at the places that
    /// belong to it (<see cref="IPassesChannels.Links"/>), and to nothing else.
    /// </summary>
    /// <param name="context">The node.</param>
    /// <param name="input">The input and its axis.</param>
    bool PassesOffsets(OperatorContext context, ChannelPort input) => false;

    /// <summary>The links of a sum, a difference or an extremum: all that is combined has the factor of the result.</summary>
    /// <param name="context">The node.</param>
    /// <param name="port">The value and its axis.</param>
    static ChannelLinks OfSum(OperatorContext context, ChannelPort port)
    {
        TensorType output = context.OutputTypes[0];
        int fromLast = (port.IsOutput ? output.Rank : context.Type(port.Index).Rank) - port.Axis;
        // One number for all places cannot have a factor for each.
        foreach (TensorType? type in context.InputTypes)
            if (type is not null && (type.Rank < fromLast || type.Dimensions[^fromLast] != port.Extent(context)))
                return ChannelLinks.Fixed("combines it with the same value at all places");
        return ChannelLinks.Elementwise(context, port);
    }

    /// <summary>The links of a node in whose result one input's factor appears, while the others have to stay as they are: a product, of
    /// which one side is a gate, for example.</summary>
    /// <param name="context">The node.</param>
    /// <param name="port">The value and its axis.</param>
    /// <param name="carrier">The place of the input that may have a factor.</param>
    static ChannelLinks OfOneOperand(OperatorContext context, ChannelPort port, int carrier)
    {
        if (!port.IsOutput && port.Index != carrier)
            return ChannelLinks.Fixed("multiplies another value with it");
        TensorType output = context.OutputTypes[0], carried = context.Type(carrier);
        int fromLast = (port.IsOutput ? output.Rank : carried.Rank) - port.Axis;
        if (carried.Rank < fromLast || carried.Dimensions[^fromLast] != output.Dimensions[^fromLast])
            return ChannelLinks.Fixed("repeats the value");
        return ChannelLinks.Of(ChannelLink.Same(
            port.IsOutput ? ChannelPort.Input(carrier, carried.Rank - fromLast) : ChannelPort.Output(0, output.Rank - fromLast),
            port.Extent(context)));
    }
}
