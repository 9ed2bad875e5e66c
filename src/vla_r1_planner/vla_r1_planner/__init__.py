"""From a box or a trace in the image to a grasp, a plan, a motion and a coded outcome."""
