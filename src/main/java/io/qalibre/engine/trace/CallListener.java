package io.qalibre.engine.trace;

/** Is told of every call that gives arrays back, in the order in which they are made. */
interface CallListener {
  /** Takes a call in, before the block goes on with its results. */
  void called(Call call);
}
